<?php
// Takes back something that learners did, as teachers and administrators do in Moodle's pages; or opens a page.
// Usage, from Moodle's folder: php take_back.php quiz-attempt|scorm-attempt|grade|enrolment|completions|access NUMBERS…
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
require_once($CFG->libdir . '/gradelib.php');
require_once($CFG->libdir . '/enrollib.php');
\core\session\manager::set_user(get_admin());
[$what, $numbers] = [$argv[1], array_map('intval', array_slice($argv, 2))];
switch ($what) {
    case 'quiz-attempt':
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $attempt = $DB->get_record('quiz_attempts', ['id' => $numbers[0]], '*', MUST_EXIST);
        $quiz = $DB->get_record('quiz', ['id' => $attempt->quiz], '*', MUST_EXIST);
        $quiz->cmid = get_coursemodule_from_instance('quiz', $quiz->id)->id;
        quiz_delete_attempt($attempt, $quiz);
        break;
    case 'scorm-attempt':
        require_once($CFG->dirroot . '/mod/scorm/locallib.php');
        $cm = get_coursemodule_from_id('scorm', $numbers[0], 0, false, MUST_EXIST);
        scorm_delete_attempt($numbers[1], $DB->get_record('scorm', ['id' => $cm->instance]), $numbers[2]);
        break;
    case 'grade':
        grade_grade::fetch(['id' => $numbers[0]])->delete('test');
        break;
    case 'enrolment':
        [$courseid, $userid] = $numbers;
        $instance = $DB->get_record('enrol', ['courseid' => $courseid, 'enrol' => 'manual'], '*', MUST_EXIST);
        enrol_get_plugin('manual')->unenrol_user($instance, $userid);
        break;
    case 'access': // A page of the course is opened.
        [$courseid, $userid] = $numbers;
        \core\session\manager::set_user($DB->get_record('user', ['id' => $userid], '*', MUST_EXIST));
        user_accesstime_log($courseid);
        break;
    case 'completions':
        require_once($CFG->dirroot . '/course/lib.php');
        reset_course_userdata((object) ['id' => $numbers[0], 'courseid' => $numbers[0], 'reset_completion' => 1]);
        break;
    default:
        cli_error('what?');
}
