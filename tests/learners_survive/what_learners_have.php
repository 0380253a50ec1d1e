<?php
// Prints as JSON what the learners of a course have, from Moodle's tables: attempts with what was tracked and answered, grades,
// completions with their dates. Nothing of the companion plugin is asked.
// Usage, from Moodle's folder: php what_learners_have.php COURSEID
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
$course = ['course' => (int) $argv[1]];
$queries = [
    'tracks' => "SELECT v.id, a.userid, s.identifier, a.attempt, e.element, v.value, v.timemodified
                   FROM {scorm_attempt} a
                   JOIN {scorm_scoes_value} v ON v.attemptid = a.id
                   JOIN {scorm_element} e ON e.id = v.elementid
                   JOIN {scorm_scoes} s ON s.id = v.scoid
                   JOIN {scorm} p ON p.id = a.scormid
                  WHERE p.course = :course",
    'quiz attempts' => "SELECT t.id, t.userid, t.attempt, t.state, t.sumgrades, t.timestart, t.timefinish, t.layout
                          FROM {quiz_attempts} t
                          JOIN {quiz} q ON q.id = t.quiz
                         WHERE q.course = :course AND t.preview = 0",
    'answers' => "SELECT d.id, t.userid, u.slot, u.questionid, u.maxmark, s.sequencenumber, s.state, s.fraction, d.name, d.value
                    FROM {quiz_attempts} t
                    JOIN {quiz} q ON q.id = t.quiz
                    JOIN {question_attempts} u ON u.questionusageid = t.uniqueid
                    JOIN {question_attempt_steps} s ON s.questionattemptid = u.id
                    JOIN {question_attempt_step_data} d ON d.attemptstepid = s.id
                   WHERE q.course = :course AND t.preview = 0",
    'grades' => "SELECT g.id, g.userid, i.itemtype, i.itemmodule, g.finalgrade
                   FROM {grade_grades} g
                   JOIN {grade_items} i ON i.id = g.itemid
                  WHERE i.courseid = :course",
    'activity completions' => "SELECT c.id, c.userid, m.name, c.completionstate, c.timemodified
                                 FROM {course_modules_completion} c
                                 JOIN {course_modules} k ON k.id = c.coursemoduleid
                                 JOIN {modules} m ON m.id = k.module
                                WHERE k.course = :course",
    'criteria met' => "SELECT c.id, c.userid, c.criteriaid, c.timecompleted
                         FROM {course_completion_crit_compl} c
                        WHERE c.course = :course",
    'course completions' => "SELECT c.id, c.userid, c.timecompleted
                               FROM {course_completions} c
                              WHERE c.course = :course",
];
$found = [];
foreach ($queries as $name => $sql) {
    $found[$name] = array_values($DB->get_records_sql("$sql ORDER BY 1", $course));
}
echo json_encode($found), "\n";
