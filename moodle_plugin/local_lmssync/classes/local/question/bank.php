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
 * Question categories and bank entries of a course.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\question;

use context;
use core_question\category_manager;
use core_question\local\bank\question_version_status;
use local_lmssync\local\json;
use local_lmssync\local\moodle_version;
use local_lmssync\local\refusal;
use local_lmssync\local\registry;
use stdClass;

/**
 * Finds and describes what the plugin stores in a question bank.
 */
final class bank {
    /**
     * The context whose question bank belongs to the course.
     *
     * @param stdClass $course
     * @return context
     */
    public static function context(stdClass $course): context {
        return moodle_version::question_bank_context($course);
    }

    /**
     * The question category with this key, or null.
     *
     * @param stdClass $course
     * @param string $key its idnumber
     * @return stdClass|null
     */
    public static function category(stdClass $course, string $key): ?stdClass {
        global $DB;
        if ($key === '') {
            return null;
        }
        // Moodle keeps (context, idnumber) unique.
        $where = ['contextid' => self::context($course)->id, 'idnumber' => $key];
        return $DB->get_record('question_categories', $where) ?: null;
    }

    /**
     * The question categories of the course that have a key, by id.
     *
     * @param stdClass $course
     * @return stdClass[]
     */
    public static function categories(stdClass $course): array {
        global $DB;
        return $DB->get_records_select(
            'question_categories',
            "contextid = ? AND idnumber IS NOT NULL AND idnumber <> ''",
            [self::context($course)->id],
            'id'
        );
    }

    /**
     * Creates a category, or gives it name and description.
     *
     * @param stdClass $course
     * @param string $key
     * @param string $name
     * @param string $info HTML
     * @return stdClass
     */
    public static function put_category(stdClass $course, string $key, string $name, string $info): stdClass {
        $context = moodle_version::question_bank_context($course, true);
        $category = self::category($course, $key);
        $manager = new category_manager();
        if (!$category) {
            $top = question_get_top_category($context->id, true);
            $manager->add_category("$top->id,$context->id", $name, $info, FORMAT_HTML, $key);
        } else if ($category->name !== $name || $category->info !== $info || (int) $category->infoformat !== (int) FORMAT_HTML) {
            $parent = "$category->parent,$category->contextid";
            $manager->update_category($category->id, $parent, $name, $info, FORMAT_HTML, $key, $category->sortorder);
        }
        $category = self::category($course, $key);
        // The client has no hash for a category: its data are the source.
        $fingerprint = self::category_fingerprint($category);
        registry::put($course->id, registry::CATEGORY, $key, $category->id, $fingerprint, $fingerprint);
        return $category;
    }

    /**
     * Live values of a category.
     *
     * @param stdClass $category
     * @return array
     */
    public static function category_fields(stdClass $category): array {
        return ['name' => $category->name, 'info' => $category->info];
    }

    /**
     * Fingerprint of a category, the SHA-256 of {"info":…,"name":…}.
     *
     * @param stdClass $category
     * @return string
     */
    public static function category_fingerprint(stdClass $category): string {
        return json::fingerprint(self::category_fields($category));
    }

    /**
     * Bank entries with these keys in the course's bank, with their latest version.
     *
     * @param stdClass $course
     * @param string[] $keys
     * @return array<string, stdClass> by key, see all_entries()
     */
    public static function entries(stdClass $course, array $keys): array {
        global $DB;
        $entries = [];
        foreach (array_chunk(array_unique($keys), 500) as $chunk) {
            [$in, $params] = $DB->get_in_or_equal(array_map('strval', $chunk), SQL_PARAMS_NAMED);
            foreach (self::select($course, "e.idnumber $in", $params) as $entry) {
                if (isset($entries[$entry->objkey])) {
                    // Unique in a category only, and a slot or a push must know which one is meant.
                    throw refusal::because('ambiguous', ['key' => $entry->objkey]);
                }
                $entries[$entry->objkey] = $entry;
            }
        }
        return $entries;
    }

    /**
     * All bank entries with an idnumber in the course's bank.
     *
     * @param stdClass $course
     * @return stdClass[] id, objkey, categoryid, category (its idnumber), questionid, version, status, name, qtype,
     *      defaultmark, timemodified, createdby, tags, readyid (question id of the latest version that can be used, or null)
     */
    public static function all_entries(stdClass $course): array {
        return self::select($course, "e.idnumber IS NOT NULL AND e.idnumber <> ''", []);
    }

    /**
     * Selects bank entries.
     *
     * @param stdClass $course
     * @param string $where
     * @param array $params
     * @return stdClass[]
     */
    private static function select(stdClass $course, string $where, array $params): array {
        global $DB;
        $entries = $DB->get_records_sql(
            "SELECT e.id, e.idnumber AS objkey, e.questioncategoryid AS categoryid, c.idnumber AS category,
                    q.id AS questionid, v.version, v.status, q.name, q.qtype, q.defaultmark, q.timemodified, q.createdby,
                    ready.questionid AS readyid
               FROM {question_bank_entries} e
               JOIN {question_categories} c ON c.id = e.questioncategoryid
               JOIN {question_versions} v ON v.questionbankentryid = e.id
                    AND v.version = (SELECT MAX(v2.version) FROM {question_versions} v2 WHERE v2.questionbankentryid = e.id)
               JOIN {question} q ON q.id = v.questionid
          LEFT JOIN {question_versions} ready ON ready.questionbankentryid = e.id
                    AND ready.version = (SELECT MAX(v3.version) FROM {question_versions} v3
                                          WHERE v3.questionbankentryid = e.id AND v3.status = :ready)
              WHERE c.contextid = :context AND $where
           ORDER BY e.id",
            $params + ['context' => self::context($course)->id, 'ready' => question_version_status::QUESTION_STATUS_READY]
        );
        self::add_tags($entries);
        return $entries;
    }

    /**
     * Live values of a question.
     *
     * @param stdClass $entry from entries()
     * @return array
     */
    public static function question_fields(stdClass $entry): array {
        return ['name' => $entry->name, 'qtype' => $entry->qtype, 'defaultmark' => (float) $entry->defaultmark];
    }

    /**
     * Fingerprint of a question.
     *
     * Moodle stores a new version for every edit of text, answers or options; what it changes in place (name, status,
     * category, tags) is named here.
     *
     * @param stdClass $entry from entries()
     * @return string
     */
    public static function question_fingerprint(stdClass $entry): string {
        return json::fingerprint(self::question_fields($entry) + [
            'questionid' => (int) $entry->questionid,
            'version' => (int) $entry->version,
            'status' => $entry->status,
            'timemodified' => (int) $entry->timemodified,
            'categoryid' => (int) $entry->categoryid,
            'tags' => $entry->tags,
        ]);
    }

    /**
     * Adds the tags of the latest versions.
     *
     * @param stdClass[] $entries
     */
    private static function add_tags(array $entries): void {
        global $DB;
        $byquestion = [];
        foreach ($entries as $entry) {
            $entry->tags = [];
            $byquestion[$entry->questionid] = $entry;
        }
        foreach (array_chunk(array_keys($byquestion), 500) as $chunk) {
            [$in, $params] = $DB->get_in_or_equal($chunk, SQL_PARAMS_NAMED);
            $rows = $DB->get_recordset_sql(
                "SELECT i.itemid, t.name
                   FROM {tag_instance} i
                   JOIN {tag} t ON t.id = i.tagid
                  WHERE i.component = 'core_question' AND i.itemtype = 'question' AND i.itemid $in",
                $params
            );
            foreach ($rows as $row) {
                $byquestion[$row->itemid]->tags[] = $row->name;
            }
            $rows->close();
        }
        foreach ($entries as $entry) {
            sort($entry->tags, SORT_STRING); // The same order on every database.
        }
    }
}
