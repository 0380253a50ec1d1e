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
 * Activities of a course.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use completion_info;
use context_course;
use context_module;
use local_lmssync\local\activity\adapter;
use stdClass;

/**
 * Finds, describes and writes activities. What depends on their type is in the adapters.
 */
final class activities {
    /** @var array<string, class-string<adapter>> types of activities that can be pushed */
    private const ADAPTERS = [
        'assign' => activity\assign::class,
        'feedback' => activity\feedback::class,
        'forum' => activity\forum::class,
        'glossary' => activity\glossary::class,
        'label' => activity\label::class,
        'page' => activity\page::class,
        'quiz' => activity\quiz::class,
        'resource' => activity\resource::class,
        'scorm' => activity\scorm::class,
        'url' => activity\url::class,
    ];

    /**
     * The adapter of a module, or null.
     *
     * @param string $modname
     * @return adapter|null
     */
    public static function adapter(string $modname): ?adapter {
        $class = self::ADAPTERS[$modname] ?? null;
        return $class ? new $class() : null;
    }

    /**
     * The course module of a key, or null.
     *
     * @param stdClass $course
     * @param string $key its idnumber
     * @return stdClass|null row of course_modules with "modname"
     */
    public static function find(stdClass $course, string $key): ?stdClass {
        $cms = self::select('cm.course = ? AND cm.idnumber = ? AND cm.deletioninprogress = 0', [$course->id, $key]);
        if (count($cms) > 1) {
            // Moodle's functions do not keep idnumbers of activities unique.
            throw refusal::because('ambiguous', ['key' => $key]);
        }
        if (!$cms && $row = registry::find($course->id, registry::ACTIVITY, $key)) {
            // Somebody changed the idnumber.
            $cms = self::select('cm.course = ? AND cm.id = ? AND cm.deletioninprogress = 0', [$course->id, $row->objectid]);
        }
        return reset($cms) ?: null;
    }

    /**
     * Our course modules: pushed ones, and those whose idnumber begins with that of the course.
     *
     * @param stdClass $course
     * @return stdClass[] rows of course_modules with "modname", "objkey" and "entry" (row of our table or null), by id
     */
    public static function ours(stdClass $course): array {
        $entries = registry::by_object($course->id, registry::ACTIVITY);
        $prefix = $course->idnumber . '/';
        $ours = [];
        foreach (self::select('cm.course = ? AND cm.deletioninprogress = 0', [$course->id]) as $cm) {
            $cm->entry = $entries[(int) $cm->id] ?? null;
            if ($cm->entry || ($course->idnumber !== '' && str_starts_with((string) $cm->idnumber, $prefix))) {
                $cm->objkey = $cm->entry->objkey ?? $cm->idnumber;
                $ours[(int) $cm->id] = $cm;
            }
        }
        return $ours;
    }

    /**
     * Live values, names and forms as the client sends them.
     *
     * @param stdClass $cm
     * @return array
     */
    public static function fields(stdClass $cm): array {
        global $DB;
        $instance = self::instance($cm);
        $fields = [
            'name' => $instance->name,
            'intro' => (string) $instance->intro,
            'visible' => self::own_visibility($cm),
            'available' => availability::live($cm),
            'groupmode' => (int) $cm->groupmode,
            'expected' => (int) $cm->completionexpected,
        ];
        if ($adapter = self::adapter($cm->modname)) {
            $fields += ['completion' => $adapter->live_completion($cm, $instance)] + $adapter->live($cm, $instance);
        }
        return $fields;
    }

    /**
     * Hash of a live activity.
     *
     * @param stdClass $cm with "entry"
     * @param array $fields from fields()
     * @return string
     */
    public static function hash(stdClass $cm, array $fields): string {
        return registry::hash($cm->entry, (int) $cm->id, self::fingerprint($cm, $fields));
    }

    /**
     * Creates or changes an activity.
     *
     * @param stdClass $course
     * @param string $key
     * @param string $modname
     * @param string $sectionkey
     * @param string $hash
     * @param string $expect
     * @param array $wanted from read()
     * @param int $draftitemid
     * @param one_write $write
     * @return array id, instance, action, hash, package
     */
    public static function upsert(
        stdClass $course,
        string $key,
        string $modname,
        string $sectionkey,
        string $hash,
        string $expect,
        array $wanted,
        int $draftitemid,
        one_write $write
    ): array {
        global $CFG;
        require_once($CFG->dirroot . '/course/modlib.php');
        require_once($CFG->libdir . '/gradelib.php');
        require_once($CFG->libdir . '/completionlib.php');

        $cm = self::find($course, $key);
        if ($cm && $cm->modname !== $modname) {
            throw refusal::because('wrongmodule', ['key' => $key, 'want' => $modname, 'got' => $cm->modname]);
        }
        if ($cm) {
            $cm->entry = registry::find($course->id, registry::ACTIVITY, $key);
            require_capability('moodle/course:manageactivities', context_module::instance($cm->id));
        }
        $live = $cm ? self::hash($cm, self::fields($cm)) : '';
        if (registry::is_unchanged($key, $live, $hash, $expect)) {
            draft_file::discard($draftitemid);
            return self::answer($cm, 'unchanged', $hash);
        }

        $section = sections::target($course->id, $sectionkey);
        $adapter = self::adapter($modname);
        $adapter->check($course, $cm, $wanted['own'], $draftitemid, $wanted['accept']);
        $action = $cm ? 'updated' : 'created';
        if ($cm) {
            self::update($course, $cm, $section, $key, $adapter, $wanted, $draftitemid, $write);
        } else {
            $cm = self::create($course, $modname, $section, $key, $adapter, $wanted, $draftitemid);
        }
        $cm = self::find($course, $key);
        $adapter->finish($cm, $wanted['own'], $write);
        self::set_own_visibility($cm, $wanted['common']['visible'] ?? self::own_visibility($cm));

        $cm = self::find($course, $key);
        $fields = self::fields($cm);
        if (null !== $name = self::differing($fields, $wanted, true)) {
            throw refusal::because('notkept', ['key' => $key, 'field' => $name]);
        }
        registry::put($course->id, registry::ACTIVITY, $key, $cm->id, $hash, self::fingerprint($cm, $fields));
        draft_file::discard($draftitemid);
        return self::answer($cm, $action, $hash);
    }

    /**
     * Reads the data of a client.
     *
     * @param string $modname
     * @param string $json
     * @return array common (settings that all types have), completion, own (settings of the type), accept
     */
    public static function read(string $modname, string $json): array {
        criteria::load(); // Names of the completion states.
        $adapter = self::adapter($modname);
        if (!$adapter) {
            throw refusal::because('unknownmodule', ['modname' => $modname]);
        }
        $data = data_reader::from_json($json);
        $common = ['name' => $data->title('name')];
        if ($data->has('intro')) {
            $common['intro'] = $data->text('intro');
        }
        if ($data->has('visible')) {
            $common['visible'] = $data->integer('visible', 0, 1);
        }
        if ($data->has('available')) {
            $common['available'] = availability::read($data->object('available'));
        }
        if ($data->has('groupmode')) {
            $grouped = plugin_supports('mod', $modname, FEATURE_GROUPS, false);
            $common['groupmode'] = $data->integer('groupmode', NOGROUPS, $grouped ? VISIBLEGROUPS : NOGROUPS);
        }
        if ($data->has('expected')) {
            $common['expected'] = $data->integer('expected', 0, PHP_INT_MAX);
        }
        $completion = null;
        if ($data->has('completion')) {
            $rules = $data->object('completion');
            $completion = $adapter->read_completion($rules);
            $rules->finish();
        }
        $wanted = [
            'common' => $common,
            'completion' => $completion,
            'accept' => $data->has('accept') ? $data->strings('accept') : [],
            'own' => $adapter->read($data),
        ];
        $data->finish();
        return $wanted;
    }

    /**
     * Creates an activity.
     *
     * @param stdClass $course
     * @param string $modname
     * @param stdClass $section
     * @param string $key
     * @param adapter $adapter
     * @param array $wanted
     * @param int $draftitemid
     * @return stdClass
     */
    private static function create(
        stdClass $course,
        string $modname,
        stdClass $section,
        string $key,
        adapter $adapter,
        array $wanted,
        int $draftitemid
    ): stdClass {
        // Without the right Moodle says that the module is disabled.
        require_capability("mod/$modname:addinstance", context_course::instance($course->id));
        $visible = $wanted['common']['visible'] ?? 1;
        if (!$visible) {
            require_capability('moodle/course:activityvisibility', context_course::instance($course->id));
        }
        [, , , , $form] = prepare_new_moduleinfo_data($course, $modname, (int) $section->section);
        $form->visible = $section->visible ? $visible : 0;
        $form->visibleoncoursepage = 1;
        $form->cmidnumber = $key;
        $form->name = $wanted['common']['name'];
        $form->introeditor['text'] = $wanted['common']['intro'] ?? '';
        $form->introeditor['format'] = FORMAT_HTML;
        $adapter->fill_defaults($form);
        // Always set: Moodle has put the course's or the site's default completion rules into the form.
        $rules = $wanted['completion'] ?? ['tracking' => 0, 'status' => 0, 'passgrade' => 0, 'view' => 0];
        self::check_tracking($course, $rules);
        $adapter->fill_completion($form, $rules);
        $form->completionexpected = 0;
        $form->groupmode = NOGROUPS;
        self::fill_common($form, $course, $wanted['common']);
        $adapter->fill($form, $wanted['own'], $draftitemid);
        $form = add_moduleinfo($form, $course, null);
        self::set_own_visibility((object) ['id' => $form->coursemodule, 'course' => $course->id], $visible);
        return self::find($course, $key);
    }

    /**
     * Changes an activity in place.
     *
     * @param stdClass $course
     * @param stdClass $cm
     * @param stdClass $section where it belongs
     * @param string $key
     * @param adapter $adapter
     * @param array $wanted
     * @param int $draftitemid
     * @param one_write $write
     */
    private static function update(
        stdClass $course,
        stdClass $cm,
        stdClass $section,
        string $key,
        adapter $adapter,
        array $wanted,
        int $draftitemid,
        one_write $write
    ): void {
        $visible = $wanted['common']['visible'] ?? self::own_visibility($cm);
        if ((int) $cm->section !== (int) $section->id) {
            moveto_module(get_coursemodule_from_id($cm->modname, $cm->id, 0, false, MUST_EXIST), $section);
            $cm = self::find($course, $key);
        }
        $rules = self::rules_to_set($course, $cm, $adapter, $wanted);
        $wantsfile = $adapter->wants_file($cm, $wanted['own']);
        if ($rules === null && !$wantsfile && self::is_equal($cm, $key, $wanted)) {
            // Nothing in the data differs; an update would only delete preview attempts and rewrite times.
            return;
        }
        if ($wantsfile) {
            $write->replaces_files(context_module::instance($cm->id)->id);
        }
        $fullcm = get_coursemodule_from_id($cm->modname, $cm->id, 0, false, MUST_EXIST);
        [, , , $form] = get_moduleinfo_data($fullcm, $course);
        $form->visible = $fullcm->visible;
        $form->cmidnumber = $key;
        $form->name = $wanted['common']['name'];
        if (isset($wanted['common']['intro'])) {
            $form->introeditor['text'] = $wanted['common']['intro'];
            $form->introeditor['format'] = FORMAT_HTML;
        }
        self::restore_numbers($form, $course);
        $adapter->fill_kept($form);
        self::fill_common($form, $course, $wanted['common']);
        $adapter->fill($form, $wanted['own'], $wantsfile ? $draftitemid : 0);
        $form->completionunlocked = 0;
        if ($rules !== null) {
            $adapter->fill_completion($form, $rules);
            $form->completionunlocked = 1; // Moodle deletes the records of the activity and works them out again.
        }
        update_moduleinfo($fullcm, $form, $course, null);
        self::set_own_visibility($cm, $visible);
    }

    /**
     * Puts settings that all types have into the form data.
     *
     * @param stdClass $form
     * @param stdClass $course
     * @param array $common
     */
    private static function fill_common(stdClass $form, stdClass $course, array $common): void {
        if (isset($common['available'])) {
            $form->availabilityconditionsjson = availability::text($course, $common['available']);
        }
        $form->groupmode = $common['groupmode'] ?? $form->groupmode;
        $form->completionexpected = $common['expected'] ?? $form->completionexpected;
    }

    /**
     * The completion rules to set, or null if they are right as they are. Refuses when learners would lose something.
     *
     * @param stdClass $course
     * @param stdClass $cm
     * @param adapter $adapter
     * @param array $wanted
     * @return array|null
     */
    private static function rules_to_set(stdClass $course, stdClass $cm, adapter $adapter, array $wanted): ?array {
        global $DB;
        $rules = $wanted['completion'];
        $instance = self::instance($cm);
        if ($rules === null || ($rules == $adapter->live_completion($cm, $instance) && !$adapter->foreign_rules($cm, $instance))) {
            return null;
        }
        self::check_tracking($course, $rules);
        $records = $DB->count_records_select('course_modules_completion', 'coursemoduleid = ? AND completionstate <> 0', [$cm->id]);
        criteria::load();
        $criterion = ['course' => $course->id, 'criteriatype' => COMPLETION_CRITERIA_TYPE_ACTIVITY, 'moduleinstance' => $cm->id];
        if ($DB->record_exists('course_completion_criteria', $criterion)) {
            // Then the completions of the whole course go too.
            $records = max($records, criteria::losses($course->id));
        }
        if ($records && !in_array('completion', $wanted['accept'], true)) {
            throw refusal::because('completionlocked', ['key' => $cm->idnumber, 'n' => $records]);
        }
        return $rules;
    }

    /**
     * Refuses completion rules in a course without completion tracking.
     *
     * @param stdClass $course
     * @param array $rules
     */
    private static function check_tracking(stdClass $course, array $rules): void {
        if ($rules['tracking'] && !(new completion_info($course))->is_enabled()) {
            throw refusal::because('nocompletion');
        }
    }

    /**
     * Whether all values that the client sent are live already.
     *
     * @param stdClass $cm
     * @param string $key
     * @param array $wanted
     * @return bool
     */
    private static function is_equal(stdClass $cm, string $key, array $wanted): bool {
        return self::differing(self::fields($cm), $wanted, false) === null
            && $cm->idnumber === $key && (int) self::instance($cm)->introformat === (int) FORMAT_HTML;
    }

    /**
     * The first value that the client sent and that is not the live one.
     *
     * @param array $live from fields()
     * @param array $wanted from read()
     * @param bool $rules whether to look at the completion rules too
     * @return string|null its name
     */
    private static function differing(array $live, array $wanted, bool $rules): ?string {
        $own = $wanted['own'];
        if (isset($own['review'])) {
            $own['review'] += $live['review'];
        }
        if ($rules && $wanted['completion'] !== null) {
            $own['completion'] = $wanted['completion'];
        }
        foreach ($wanted['common'] + $own as $name => $value) {
            if ($live[$name] != $value) {
                return $name;
            }
        }
        return null;
    }

    /**
     * Grades to pass as numbers: get_moduleinfo_data() writes them in the language of the account, with its decimal comma.
     *
     * @param stdClass $form
     * @param stdClass $course
     */
    private static function restore_numbers(stdClass $form, stdClass $course): void {
        $items = \grade_item::fetch_all([
            'itemtype' => 'mod',
            'itemmodule' => $form->modulename,
            'iteminstance' => $form->instance,
            'courseid' => $course->id,
        ]);
        foreach ($items ?: [] as $item) {
            $name = \core_grades\component_gradeitems::get_field_name_for_itemnumber(
                "mod_$form->modulename",
                $item->itemnumber,
                'gradepass'
            );
            if (isset($form->$name)) {
                $form->$name = (float) $item->gradepass;
            }
        }
    }

    /**
     * Fingerprint of a live activity.
     *
     * @param stdClass $cm
     * @param array $fields from fields()
     * @return string
     */
    public static function fingerprint(stdClass $cm, array $fields): string {
        $instance = self::instance($cm);
        $adapter = self::adapter($cm->modname);
        // Left out where they are not set: what was pushed before the plugin knew them has not changed.
        $unset = ['available' => availability::NONE, 'groupmode' => NOGROUPS, 'expected' => 0];
        $unset += ['timeopen' => 0, 'timeclose' => 0, 'sections' => []];
        foreach ($unset as $name => $nothing) {
            if (($fields[$name] ?? null) === $nothing) {
                unset($fields[$name]);
            }
        }
        return json::fingerprint($fields + [
            'idnumber' => (string) $cm->idnumber,
            'section' => (int) $cm->section,
            'visibleoncoursepage' => (int) $cm->visibleoncoursepage,
            'introformat' => (int) $instance->introformat,
            'rules' => $adapter ? $adapter->foreign_rules($cm, $instance) : [],
        ]);
    }

    /**
     * The answer of a write.
     *
     * @param stdClass $cm
     * @param string $action
     * @param string $hash
     * @return array
     */
    private static function answer(stdClass $cm, string $action, string $hash): array {
        $answer = ['id' => (int) $cm->id, 'instance' => (int) $cm->instance, 'action' => $action, 'hash' => $hash];
        return $answer + self::adapter($cm->modname)->extra($cm, self::instance($cm));
    }

    /**
     * Row of the module's table.
     *
     * @param stdClass $cm
     * @return stdClass
     */
    public static function instance(stdClass $cm): stdClass {
        global $DB;
        return $DB->get_record($cm->modname, ['id' => $cm->instance], '*', MUST_EXIST);
    }

    /**
     * Whether the activity itself is visible; in a hidden section Moodle hides all and keeps this aside.
     *
     * @param stdClass $cm
     * @return int
     */
    private static function own_visibility(stdClass $cm): int {
        global $DB;
        $shown = $DB->get_field('course_sections', 'visible', ['id' => $cm->section]);
        return (int) ($shown ? $cm->visible : $cm->visibleold);
    }

    /**
     * Shows or hides an activity, also in a hidden section.
     *
     * @param stdClass $cm
     * @param int $visible
     */
    private static function set_own_visibility(stdClass $cm, int $visible): void {
        global $DB;
        $row = $DB->get_record('course_modules', ['id' => $cm->id], '*', MUST_EXIST);
        if (self::own_visibility($row) === $visible) {
            return;
        }
        require_capability('moodle/course:activityvisibility', context_module::instance($cm->id));
        if ($DB->get_field('course_sections', 'visible', ['id' => $row->section])) {
            set_coursemodule_visible($cm->id, $visible, $row->visibleoncoursepage);
        } else {
            $DB->set_field('course_modules', 'visibleold', $visible, ['id' => $cm->id]);
            \course_modinfo::purge_course_module_cache($row->course, $cm->id);
            rebuild_course_cache($row->course, false, true);
        }
    }

    /**
     * Selects course modules.
     *
     * @param string $where
     * @param array $params
     * @return stdClass[]
     */
    private static function select(string $where, array $params): array {
        global $DB;
        return $DB->get_records_sql(
            "SELECT cm.*, m.name AS modname
               FROM {course_modules} cm
               JOIN {modules} m ON m.id = cm.module
              WHERE $where
           ORDER BY cm.id",
            $params
        );
    }
}
