<?php
// Makes a course as teachers make one, with nothing of lms-sync in it, on a test site: for `lms-sync import`.
// Usage, from Moodle's folder: php course_with_history.php <idnumber> <file with questions in Moodle XML>
define('CLI_SCRIPT', true);
[, $idnumber, $xml] = $argv;
require(getcwd() . '/config.php');
require_once($CFG->libdir . '/testing/generator/lib.php');
require_once($CFG->libdir . '/questionlib.php');
require_once($CFG->dirroot . '/course/lib.php');
require_once($CFG->dirroot . '/mod/quiz/locallib.php');
require_once($CFG->dirroot . '/question/format.php');
require_once($CFG->dirroot . '/question/format/xml/format.php');
\core\session\manager::set_user(get_admin());
$generator = new testing_data_generator();

$shelf = $generator->create_category(['name' => "Provë & arkiv $idnumber", 'idnumber' => "$idnumber-shelf"]);
$course = $generator->create_course([
    'fullname' => '<span lang="sq" class="multilang">Arkiva e vjetër</span><span lang="en" class="multilang">The old archive</span>',
    'shortname' => "Arkiva $idnumber", 'idnumber' => $idnumber, 'category' => $shelf->id, 'enablecompletion' => 1,
    'numsections' => 3, 'summary' => '<p dir="ltr" style="text-align: left;">Kursi <b>i vjetër</b>.</p>', 'summaryformat' => FORMAT_HTML,
]);
$sections = $DB->get_records_menu('course_sections', ['course' => $course->id], 'section', 'section, id');
course_update_section($course->id, $DB->get_record('course_sections', ['id' => $sections[1]]), [
    'name' => 'Mësoni & lexoni', 'summary' => '<p>Lexoni <strong>me radhë</strong>.</p>', 'summaryformat' => FORMAT_HTML,
]);
$add = fn($type, $section, $more) => $generator->create_module($type, ['course' => $course->id, 'section' => $section] + $more);
$add('label', 0, ['intro' => '<p>Mirë se vini!</p>', 'introformat' => FORMAT_HTML]);
$page = $add('page', 1, [
    'name' => 'Si mbahet libri', 'intro' => '', 'content' => '<p>Libri mbahet <em>çdo ditë</em>.</p><ul><li>numri</li><li>data</li></ul>',
    'contentformat' => FORMAT_HTML, 'completion' => 2, 'completionview' => 1, 'completionexpected' => 1_900_000_000,
]);
$add('page', 1, [
    'name' => 'Me tabelë', 'intro' => '', 'contentformat' => FORMAT_HTML,
    'content' => '<div style="color: red">E kuqe</div><table><tr><td>1</td></tr></table>',
]);
$add('url', 1, ['name' => 'Ligji', 'externalurl' => 'https://example.org/ligji?nr=9154', 'intro' => '<p>Ligji 9154.</p>',
    'introformat' => FORMAT_HTML]);
$add('forum', 2, ['name' => 'Pyetje', 'intro' => '<p>Pyesni.</p>', 'introformat' => FORMAT_HTML, 'type' => 'general']);
$add('glossary', 2, ['name' => 'Fjalor', 'intro' => '']);
$add('assign', 2, ['name' => 'Punë', 'intro' => '<p>Ngarkoni.</p>', 'introformat' => FORMAT_HTML,
    'assignsubmission_file_enabled' => 1, 'assignsubmission_file_maxfiles' => 3, 'assignsubmission_onlinetext_enabled' => 1,
    'grade' => 20]);
$add('choice', 2, ['name' => 'Zgjidhni']);
$add('resource', 2, ['name' => 'Udhëzues']);
// As Moodle's form leaves them: without labels; the second questionnaire asks for a number, which course files cannot.
$asking = $generator->get_plugin_generator('mod_feedback');
$opinion = $add('feedback', 2, ['name' => 'Mendimi juaj', 'intro' => '<p>Pa emër.</p>', 'introformat' => FORMAT_HTML, 'anonymous' => 1]);
$asking->create_item_multichoicerated($opinion, ['name' => 'Sa i dobishëm ishte kursi?', 'label' => '', 'hidenoselect' => 1,
    'values' => "1/aspak\n2/pak\n3/shumë"]);
$asking->create_item_multichoice($opinion, ['name' => 'Do ta këshillonit?', 'label' => '', 'hidenoselect' => 1, 'values' => "po\njo"]);
$asking->create_item_textarea($opinion, ['name' => 'Çfarë mungoi?', 'label' => '', 'itemwidth' => 60, 'itemheight' => 6]);
$asking->create_item_numeric($add('feedback', 2, ['name' => 'Sa vjet?', 'intro' => '']), ['name' => 'Vjet', 'label' => '']);

$context = context_course::instance($course->id);
$category = function (string $name) use ($context, $DB) {
    $row = (object) [
        'name' => $name, 'contextid' => $context->id, 'info' => '', 'infoformat' => FORMAT_HTML, 'stamp' => make_unique_id_code(),
        'parent' => question_get_top_category($context->id, true)->id, 'sortorder' => 999,
    ];
    $row->id = $DB->insert_record('question_categories', $row);
    return $DB->get_record('question_categories', ['id' => $row->id]);
};
$import = function (stdClass $into, string $xml) use ($context, $course) {
    $format = new qformat_xml();
    $format->setContexts([$context]);
    $format->setCourse($course);
    $format->setFilename($xml);
    $format->setRealfilename(basename($xml));
    $format->setMatchgrades('error');
    $format->setCatfromfile(false);
    $format->setContextfromfile(false);
    $format->setStoponerror(true);
    $format->set_display_progress(false);
    $format->setCategory($into);
    ob_start();
    $done = $format->importpreprocess() && $format->importprocess() && $format->importpostprocess();
    ob_end_clean();
    return $done ? $format->questionids : [];
};
$first = $category('Pyetje për arkivin');
$ids = $import($first, $xml);
$quiz = $add('quiz', 3, [
    'name' => 'Testi i madh', 'intro' => '<p>Të gjitha llojet.</p>', 'introformat' => FORMAT_HTML, 'timelimit' => 2700, 'attempts' => 3,
    'timeopen' => 1_800_000_000, 'grade' => 100, 'questionsperpage' => 5, 'completion' => 2, 'completionview' => 1,
]);
$record = $DB->get_record('quiz', ['id' => $quiz->id]);
foreach ($ids as $i => $id) {
    quiz_add_quiz_question($id, $record, 0, $i ? null : 2.5);
}
$DB->insert_record('quiz_sections', ['quizid' => $quiz->id, 'firstslot' => 4, 'heading' => 'Pjesa e dytë', 'shufflequestions' => 1]);
quiz_repaginate_questions($quiz->id, 5);
\mod_quiz\quiz_settings::create($quiz->id)->get_grade_calculator()->recompute_quiz_sumgrades();

$second = $category('Banka e dytë');
$small = make_request_directory() . '/small.xml';
$asked = '';
foreach (range(1, 6) as $n) {
    $right = $n % 2 ? ['true', 'false'] : ['false', 'true'];
    $asked .= "<question type=\"truefalse\"><name><text>Pyetja $n</text></name><questiontext format=\"html\"><text>"
        . "<![CDATA[<p>Pohimi numër <b>$n</b>: " . $n * 7919 . "?</p>]]></text></questiontext><defaultgrade>1</defaultgrade>"
        . "<answer fraction=\"100\"><text>$right[0]</text></answer><answer fraction=\"0\"><text>$right[1]</text></answer></question>";
}
file_put_contents($small, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><quiz>$asked</quiz>");
$import($second, $small);
$third = $category('Banka e tretë');
$import($third, $small);
foreach (['Me short' => $third, 'Tjetër me short' => $second] as $name => $from) {
    $drawn = $add('quiz', 3, ['name' => $name, 'grade' => 10, 'intro' => '']);
    $structure = \mod_quiz\quiz_settings::create($drawn->id)->get_structure();
    $structure->add_random_questions(1, 3, ['filter' => ['category' => [
        'jointype' => \core\output\datafilter::JOINTYPE_ANY, 'values' => [(int) $from->id],
        'filteroptions' => ['includesubcategories' => false],
    ]]]);
    \mod_quiz\quiz_settings::create($drawn->id)->get_grade_calculator()->recompute_quiz_sumgrades();
}
$shared = $add('quiz', 3, ['name' => 'Edhe një']);
quiz_add_quiz_question($DB->get_field_sql(
    "SELECT v.questionid FROM {question_versions} v JOIN {question_bank_entries} e ON e.id = v.questionbankentryid
      WHERE e.questioncategoryid = ? ORDER BY e.id", [$second->id], IGNORE_MULTIPLE), $DB->get_record('quiz', ['id' => $shared->id]));
rebuild_course_cache($course->id, true);
echo json_encode(['course' => (int) $course->id, 'questions' => count($ids)]), "\n";
