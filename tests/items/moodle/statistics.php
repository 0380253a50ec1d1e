<?php // statistics.php -> JSON: what Moodle's own calculators store and hold for qr-stats/final, for each choice of attempts
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
require_once($CFG->dirroot . '/mod/quiz/locallib.php');
require_once($CFG->dirroot . '/mod/quiz/report/default.php');
require_once($CFG->dirroot . '/mod/quiz/report/statistics/report.php');
require_once($CFG->dirroot . '/mod/quiz/report/reportlib.php');
require_once($CFG->dirroot . '/mod/quiz/report/statistics/statisticslib.php');
\core\session\manager::set_user(get_admin());
$cm = $DB->get_record('course_modules', ['idnumber' => 'qr-stats/final'], '*', MUST_EXIST);
$quiz = $DB->get_record('quiz', ['id' => $cm->instance], '*', MUST_EXIST);
$DB->delete_records('question_statistics'); $DB->delete_records('quiz_statistics');
$key = fn($questionid) => $questionid ? $DB->get_field_sql('SELECT e.idnumber FROM {question_versions} v JOIN {question_bank_entries} e ON e.id = v.questionbankentryid WHERE v.questionid = ?', [$questionid]) : '';
$out = ['release' => $CFG->release];
foreach (['all' => QUIZ_GRADEAVERAGE, 'highest' => QUIZ_GRADEHIGHEST, 'first' => QUIZ_ATTEMPTFIRST, 'last' => QUIZ_ATTEMPTLAST] as $name => $which) {
    $report = new quiz_statistics_report();
    $questions = $report->load_and_initialise_questions_for_calculations($quiz);
    $joins = new \core\dml\sql_join();
    $qubaids = quiz_statistics_qubaids_condition($quiz->id, $joins, $which);
    $qcalc = new \core_question\statistics\questions\calculator($questions);
    $stats = $qcalc->calculate($qubaids);
    $quizcalc = new \quiz_statistics\calculator();
    $quizstats = $quizcalc->calculate($quiz->id, $which, $joins, count($questions), $qcalc->get_sum_of_mark_variance());
    $fields = ['slot', 'subquestion', 's', 'effectiveweight', 'negcovar', 'discriminationindex', 'discriminativeefficiency', 'sd', 'facility', 'maxmark', 'randomguessscore'];
    $rows = [];
    foreach ($DB->get_records('question_statistics', ['hashcode' => $qubaids->get_hash_code()], 'id') as $row) {
        $one = ['question' => $key($row->questionid)];
        foreach ($fields as $field) { $one[$field] = $row->$field === null ? null : (string) $row->$field; }
        $rows[] = $one;
    }
    $live = [];
    foreach ($stats->get_all_slots() as $slot) { $s = $stats->for_slot($slot); $live[] = ['slot' => (int) $slot, 'question' => $key($s->questionid)] + array_intersect_key((array) $s, array_flip($fields)); }
    foreach ($stats->get_all_subq_ids() as $id) { $s = $stats->for_subq($id); $live[] = ['slot' => null, 'question' => $key($id)] + array_intersect_key((array) $s, array_flip($fields)); }
    $quizrow = (array) $DB->get_record('quiz_statistics', ['hashcode' => $qubaids->get_hash_code()], '*', MUST_EXIST);
    unset($quizrow['id'], $quizrow['hashcode'], $quizrow['timemodified']);
    $livequiz = [];
    foreach (['median', 'standarddeviation', 'skewness', 'kurtosis', 'cic', 'errorratio', 'standarderror'] as $field) { $livequiz[$field] = $quizstats->$field; }
    $livequiz['avg'] = $quizstats->avg(); $livequiz['s'] = $quizstats->s();
    $out[$name] = ['rows' => $rows, 'live' => $live, 'quiz_row' => $quizrow, 'quiz_live' => $livequiz];
}
ini_set('serialize_precision', 17);
echo json_encode($out, JSON_PRESERVE_ZERO_FRACTION);
