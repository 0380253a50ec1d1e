<?php
// This file is part of local_lmssync, a plugin for Moodle.
//
// local_lmssync is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// local_lmssync is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with this program.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Everything on a course page, whoever made it, and keys for it.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use context_module;
use local_lmssync\local\question\bank;
use stdClass;

/**
 * Reads a whole course for a client that is to write it down as files, and gives its objects the client's keys.
 */
final class content {
    /**
     * Sections, activities and question categories of a course, in their order.
     *
     * @param stdClass $course
     * @return array
     */
    public static function of(stdClass $course): array {
        global $DB;
        $category = $DB->get_record('course_categories', ['id' => $course->category], 'id, name, idnumber', MUST_EXIST);
        return [
            'course' => [
                'id' => (int) $course->id,
                'idnumber' => (string) $course->idnumber,
                'shortname' => $course->shortname,
                'fullname' => $course->fullname,
                'summary' => (string) $course->summary,
                'format' => $course->format,
                'enablecompletion' => (int) $course->enablecompletion,
                'category' => ['id' => (int) $category->id, 'name' => $category->name, 'idnumber' => (string) $category->idnumber],
            ],
            'sections' => self::sections($course),
            'categories' => self::categories($course),
            'criteria' => self::criteria($course),
        ];
    }

    /**
     * The sections with their activities.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function sections(stdClass $course): array {
        global $DB;
        $entries = registry::by_object($course->id, registry::SECTION);
        $activities = self::activities($course);
        $list = [];
        foreach ($DB->get_records('course_sections', ['course' => $course->id], 'section') as $section) {
            $order = array_filter(explode(',', (string) $section->sequence));
            $list[] = [
                'id' => (int) $section->id,
                'number' => (int) $section->section,
                'key' => $entries[(int) $section->id]->objkey ?? '',
                'component' => (string) $section->component,
                'fields' => sections::fields($section),
                'activities' => array_values(array_filter(array_map(fn($id) => $activities[(int) $id] ?? null, $order))),
            ];
        }
        return $list;
    }

    /**
     * The activities by the ids of their course modules.
     *
     * @param stdClass $course
     * @return array<int, array>
     */
    private static function activities(stdClass $course): array {
        global $DB;
        $entries = registry::by_object($course->id, registry::ACTIVITY);
        $rows = $DB->get_records_sql(
            "SELECT cm.*, m.name AS modname
               FROM {course_modules} cm
               JOIN {modules} m ON m.id = cm.module
              WHERE cm.course = ? AND cm.deletioninprogress = 0
           ORDER BY cm.id",
            [$course->id]
        );
        $list = [];
        foreach ($rows as $cm) {
            $adapter = activities::adapter($cm->modname);
            $instance = activities::instance($cm);
            $item = [
                'id' => (int) $cm->id,
                'instance' => (int) $cm->instance,
                'modname' => $cm->modname,
                'idnumber' => (string) $cm->idnumber,
                'key' => $entries[(int) $cm->id]->objkey ?? '',
                'fields' => activities::fields($cm),
                'rules' => (object) ($adapter ? $adapter->foreign_rules($cm, $instance) : []),
            ];
            if ($cm->modname === 'quiz') {
                $item['slots'] = self::slots($cm);
            }
            $list[(int) $cm->id] = $item;
        }
        return $list;
    }

    /**
     * What each slot of a quiz takes: a bank entry, or the question category from which it draws.
     *
     * @param stdClass $cm
     * @return array[]
     */
    private static function slots(stdClass $cm): array {
        global $DB;
        $here = context_module::instance($cm->id)->id;
        $rows = $DB->get_records_sql(
            "SELECT s.id, r.questionbankentryid, f.filtercondition
               FROM {quiz_slots} s
          LEFT JOIN {question_references} r ON r.component = 'mod_quiz' AND r.questionarea = 'slot'
                    AND r.usingcontextid = :context1 AND r.itemid = s.id
          LEFT JOIN {question_set_references} f ON f.component = 'mod_quiz' AND f.questionarea = 'slot'
                    AND f.usingcontextid = :context2 AND f.itemid = s.id
              WHERE s.quizid = :quiz
           ORDER BY s.slot",
            ['context1' => $here, 'context2' => $here, 'quiz' => $cm->instance]
        );
        $list = [];
        foreach ($rows as $row) {
            $filter = json_decode((string) $row->filtercondition, true)['filter'] ?? [];
            $list[] = [
                'entry' => (int) $row->questionbankentryid,
                'category' => (int) ($filter['category']['values'][0] ?? 0),
            ];
        }
        return $list;
    }

    /**
     * The question categories of the course's bank.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function categories(stdClass $course): array {
        global $DB;
        $list = [];
        $where = ['contextid' => bank::context($course)->id];
        foreach ($DB->get_records('question_categories', $where, 'sortorder, id') as $row) {
            if ((int) $row->parent) {
                $list[] = [
                    'id' => (int) $row->id,
                    'parent' => (int) $row->parent,
                    'idnumber' => (string) $row->idnumber,
                    'fields' => bank::category_fields($row),
                ];
            }
        }
        return $list;
    }

    /**
     * Course modules that must be completed for the course to be.
     *
     * @param stdClass $course
     * @return array
     */
    private static function criteria(stdClass $course): array {
        global $DB;
        criteria::load();
        $rows = $DB->get_records('course_completion_criteria', ['course' => $course->id], 'id');
        $activity = fn($row) => (int) $row->criteriatype === COMPLETION_CRITERIA_TYPE_ACTIVITY;
        return [
            'activities' => array_values(array_map(fn($row) => (int) $row->moduleinstance, array_filter($rows, $activity))),
            'others' => count($rows) - count(array_filter($rows, $activity)),
        ];
    }

    /**
     * Reads the keys that a client gives.
     *
     * @param string $json
     * @return array lists of id, key and hash by kind
     */
    public static function read_keys(string $json): array {
        $data = data_reader::from_json($json);
        $wanted = [];
        foreach ([registry::SECTION, registry::ACTIVITY, registry::CATEGORY, registry::QUESTION] as $kind) {
            $wanted[$kind] = [];
            foreach ($data->has($kind) ? $data->objects($kind) : [] as $object) {
                $item = [
                    'id' => $object->integer('id', 1, PHP_INT_MAX),
                    'key' => $object->text('key'),
                    'hash' => $object->has('hash') ? $object->text('hash') : '',
                ];
                $object->finish();
                registry::check_key($item['key']);
                if ($item['hash'] !== '') {
                    registry::check_hash($item['hash']);
                }
                $wanted[$kind][$item['key']] = $item;
            }
        }
        $data->finish();
        return $wanted;
    }

    /**
     * Gives objects of the course their keys. Nothing that anybody sees in the course changes.
     *
     * An object with a hash counts from now on as pushed as it is; one without counts as edited since.
     *
     * @param stdClass $course
     * @param array $wanted from read_keys()
     * @return array numbers by kind
     */
    public static function give_keys(stdClass $course, array $wanted): array {
        $given = [
            'sections' => self::key_sections($course, $wanted[registry::SECTION]),
            'activities' => self::key_activities($course, $wanted[registry::ACTIVITY]),
            'categories' => self::key_categories($course, $wanted[registry::CATEGORY]),
            'questions' => self::key_questions($course, $wanted[registry::QUESTION]),
        ];
        rebuild_course_cache($course->id, true);
        return $given;
    }

    /**
     * Sections have no idnumber: the key is kept in our table only.
     *
     * @param stdClass $course
     * @param array $wanted
     * @return int
     */
    private static function key_sections(stdClass $course, array $wanted): int {
        global $DB;
        foreach ($wanted as $key => $item) {
            $section = $DB->get_record('course_sections', ['id' => $item['id'], 'course' => $course->id]);
            $other = registry::find($course->id, registry::SECTION, $key);
            if (!$section || ($other && (int) $other->objectid !== $item['id'])) {
                throw refusal::because($section ? 'ambiguous' : 'nosection', ['key' => $key]);
            }
            self::remember($course, registry::SECTION, $item, sections::fingerprint($section));
        }
        return count($wanted);
    }

    /**
     * Activities.
     *
     * @param stdClass $course
     * @param array $wanted
     * @return int
     */
    private static function key_activities(stdClass $course, array $wanted): int {
        global $DB;
        foreach ($wanted as $key => $item) {
            $other = activities::find($course, $key);
            $here = ['id' => $item['id'], 'course' => $course->id, 'deletioninprogress' => 0];
            if (!$DB->record_exists('course_modules', $here) || ($other && (int) $other->id !== $item['id'])) {
                throw refusal::because($other ? 'ambiguous' : 'unknownactivity', ['key' => $key]);
            }
            require_capability('moodle/course:manageactivities', context_module::instance($item['id']));
            set_coursemodule_idnumber($item['id'], $key);
            $cm = activities::find($course, $key);
            self::remember($course, registry::ACTIVITY, $item, activities::fingerprint($cm, activities::fields($cm)));
        }
        return count($wanted);
    }

    /**
     * Question categories.
     *
     * @param stdClass $course
     * @param array $wanted
     * @return int
     */
    private static function key_categories(stdClass $course, array $wanted): int {
        global $DB;
        if ($wanted) {
            require_capability('moodle/question:managecategory', bank::context($course));
        }
        foreach ($wanted as $key => $item) {
            $row = $DB->get_record('question_categories', ['id' => $item['id'], 'contextid' => bank::context($course)->id]);
            $other = bank::category($course, $key);
            if (!$row || ($other && (int) $other->id !== $item['id'])) {
                throw refusal::because($other ? 'ambiguous' : 'unknowncategory', ['key' => $key]);
            }
            $DB->set_field('question_categories', 'idnumber', $key, ['id' => $row->id]);
            $fingerprint = bank::category_fingerprint($row);
            registry::put($course->id, registry::CATEGORY, $key, $row->id, $fingerprint, $fingerprint);
        }
        return count($wanted);
    }

    /**
     * Questions, each in its category.
     *
     * @param stdClass $course
     * @param array $wanted
     * @return int
     */
    private static function key_questions(stdClass $course, array $wanted): int {
        global $DB;
        $live = bank::entries($course, array_keys($wanted));
        foreach ($wanted as $key => $item) {
            $entry = $DB->get_record_sql(
                "SELECT e.id, v.questionid
                   FROM {question_bank_entries} e
                   JOIN {question_categories} c ON c.id = e.questioncategoryid
                   JOIN {question_versions} v ON v.questionbankentryid = e.id
                        AND v.version = (SELECT MAX(v2.version) FROM {question_versions} v2 WHERE v2.questionbankentryid = e.id)
                  WHERE e.id = ? AND c.contextid = ?",
                [$item['id'], bank::context($course)->id]
            );
            if (!$entry || (isset($live[$key]) && (int) $live[$key]->id !== $item['id'])) {
                throw refusal::because($entry ? 'ambiguous' : 'unknownquestion', ['key' => $key]);
            }
            if (!isset($live[$key]) && !question_has_capability_on((int) $entry->questionid, 'edit')) {
                throw refusal::because('foreignquestion', ['key' => $key, 'capability' => 'moodle/question:editall']);
            }
            $DB->set_field('question_bank_entries', 'idnumber', $key, ['id' => $entry->id]);
        }
        $now = bank::entries($course, array_keys($wanted));
        foreach ($wanted as $key => $item) {
            self::remember($course, registry::QUESTION, $item, bank::question_fingerprint($now[$key]));
        }
        return count($wanted);
    }

    /**
     * Notes what an object counts as.
     *
     * @param stdClass $course
     * @param string $kind
     * @param array $item id, key, hash
     * @param string $fingerprint
     */
    private static function remember(stdClass $course, string $kind, array $item, string $fingerprint): void {
        // A live hash that no object can have: it counts as edited until it is pushed.
        $live = $item['hash'] === '' ? 'edited' : $fingerprint;
        $before = registry::by_object($course->id, $kind)[$item['id']] ?? null;
        if ($before && $before->objkey !== $item['key']) {
            registry::forget($course->id, $kind, $before->objkey);
        }
        registry::put($course->id, $kind, $item['key'], $item['id'], $item['hash'], $live);
    }
}
