<?php
// Stores a question of somebody else (the administrator) in a question category of the suite's own course.
// Usage, from Moodle's folder: php foreign_question.php COURSEID CATEGORYIDNUMBER QUESTIONIDNUMBER
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
require_once($CFG->libdir . '/questionlib.php');
[, $courseid, $categorykey, $key] = $argv;
\core\session\manager::set_user(get_admin());
$context = context_course::instance($courseid);
$where = ['contextid' => $context->id, 'idnumber' => $categorykey];
$category = $DB->get_record('question_categories', $where, '*', MUST_EXIST);
$form = (object) [
    'category' => "$category->id,$context->id",
    'name' => "A teacher's question",
    'questiontext' => ['text' => '<p>True?</p>', 'format' => FORMAT_HTML],
    'generalfeedback' => ['text' => '', 'format' => FORMAT_HTML],
    'defaultmark' => 1,
    'penalty' => 1,
    'idnumber' => $key,
    'status' => \core_question\local\bank\question_version_status::QUESTION_STATUS_READY,
    'correctanswer' => 1,
    'feedbacktrue' => ['text' => '', 'format' => FORMAT_HTML],
    'feedbackfalse' => ['text' => '', 'format' => FORMAT_HTML],
    'showstandardinstruction' => 0,
];
$question = (object) ['category' => $category->id, 'qtype' => 'truefalse', 'createdby' => $USER->id];
question_bank::get_qtype('truefalse')->save_question($question, $form);
