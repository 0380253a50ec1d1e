<?php
// Imports a Moodle XML file into a new question category of a hidden course with Moodle's own importer, and exports it
// again with Moodle's own exporter.
//
// php moodle_round_trip.php <moodle folder> <file to import> <file to write>
//
// Used to record tests/quizzes/samples/moodle-4.5.6-export.xml; on a test site only: the course stays.

define('CLI_SCRIPT', true);
[, $moodle, $in, $out] = $argv;
require($moodle . '/config.php');
require_once($CFG->libdir . '/questionlib.php');
require_once($CFG->dirroot . '/course/lib.php');
require_once($CFG->dirroot . '/question/editlib.php');
require_once($CFG->dirroot . '/question/format.php');
require_once($CFG->dirroot . '/question/format/xml/format.php');

\core\session\manager::set_user(get_admin());
$course = $DB->get_record('course', ['shortname' => 'question-round-trip']) ?: create_course((object) [
    'shortname' => 'question-round-trip', 'fullname' => 'Round trip of questions', 'category' => 1, 'visible' => 0,
]);
$context = context_course::instance($course->id);
$PAGE->set_context($context);
$PAGE->set_course($course);
$category = (object) [
    'name' => 'Round trip ' . uniqid(), 'contextid' => $context->id, 'info' => '', 'infoformat' => FORMAT_HTML,
    'stamp' => make_unique_id_code(), 'parent' => question_get_top_category($context->id, true)->id, 'sortorder' => 999,
];
$category->id = $DB->insert_record('question_categories', $category);
$category = $DB->get_record('question_categories', ['id' => $category->id]);

$import = new qformat_xml();
$import->setContexts([$context]);
$import->setCourse($course);
$import->setFilename($in);
$import->setRealfilename(basename($in));
$import->setMatchgrades('error');
$import->setCatfromfile(false);
$import->setContextfromfile(false);
$import->setStoponerror(true);
$import->set_display_progress(false);
$import->setCategory($category);
ob_start();
$done = $import->importpreprocess() && $import->importprocess() && $import->importpostprocess();
$said = trim(strip_tags(ob_get_clean()));

$export = new qformat_xml();
$export->setContexts([$context]);
$export->setCourse($course);
$export->setCattofile(false);
$export->setContexttofile(false);
$export->setCategory($category);
$export->exportpreprocess();
file_put_contents($out, $export->exportprocess(false));
fwrite(STDERR, ($done ? 'imported' : 'NOT IMPORTED') . ($said === '' ? '' : ": $said") . "\n");
exit($done && $said === '' ? 0 : 1);
