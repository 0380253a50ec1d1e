<?php // attempts.php COUNT -> so many learners take the quiz qr-stats/final, some twice; run by php.sh of the site
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
require_once($CFG->dirroot . '/mod/quiz/locallib.php');
require_once($CFG->dirroot . '/user/lib.php');
use mod_quiz\quiz_attempt; use mod_quiz\quiz_settings;
$count = (int) ($argv[1] ?? 200); mt_srand(11);
$course = $DB->get_record('course', ['idnumber' => 'qr-stats'], '*', MUST_EXIST);
$cm = $DB->get_record('course_modules', ['idnumber' => 'qr-stats/final'], '*', MUST_EXIST);
\core\session\manager::set_user(get_admin());
$manual = enrol_get_plugin('manual'); $instance = $DB->get_record('enrol', ['courseid' => $course->id, 'enrol' => 'manual'], '*', MUST_EXIST);
$student = $DB->get_field('role', 'id', ['shortname' => 'student'], MUST_EXIST);
function rnd() { return mt_rand() / mt_getrandmax(); }
function respond($qa, $able) {
    $q = $qa->get_question();
    if (rnd() < 0.06) { return null; }
    $knows = rnd() < $able;
    switch ($q->qtype->name()) {
        case 'multichoice':
            $order = $q->get_order($qa);
            if ($q instanceof qtype_multichoice_single_question) {
                $right = null; foreach ($order as $i => $id) { if ($q->answers[$id]->fraction > 0.99) { $right = $i; } }
                return ['answer' => $knows ? $right : mt_rand(0, count($order) - 1)];
            }
            $r = []; foreach ($order as $i => $id) { $good = $q->answers[$id]->fraction > 0; $r["choice$i"] = ($knows ? (rnd() < 0.9) === $good : rnd() < 0.4) ? 1 : 0; }
            return array_sum($r) ? $r : null;
        case 'truefalse': return ['answer' => (int) ($knows ? $q->rightanswer : rnd() < 0.5)];
        case 'shortanswer':
            $texts = array_values(array_map(fn($a) => $a->answer, $q->answers));
            if ($knows) { $t = $texts[mt_rand(0, 1)]; return ['answer' => rnd() < 0.5 ? strtoupper($t) : " $t "]; }
            return ['answer' => ['nearly so', 'no idea', 'nearlyright', '*', 'x'][mt_rand(0, 4)]];
        case 'numerical':
            $a = array_values($q->answers)[0]->answer; $b = array_values($q->answers)[1]->answer;
            if ($knows) { return ['answer' => (string) ($a + [0, 0.25, -0.25, 0.1][mt_rand(0, 3)])]; }
            return ['answer' => [(string) $b, (string) ($a + 0.26), '-3', 'seven', '1e3', str_replace('.', ',', $a)][mt_rand(0, 5)]];
        case 'match':
            $stems = explode(',', $qa->get_step(0)->get_qt_var('_stemorder'));
            $choices = explode(',', $qa->get_step(0)->get_qt_var('_choiceorder'));
            $r = []; foreach ($stems as $i => $stem) {
                $right = array_search((string) $q->right[$stem], $choices, true) + 1;
                $r["sub$i"] = rnd() < $able ? $right : mt_rand(0, count($choices));
            }
            return array_sum($r) ? $r : null;
    }
    return null;
}
$begin = time();
for ($n = 1; $n <= $count; $n++) {
    $name = sprintf('qrstat%03d', $n);
    $user = $DB->get_record('user', ['username' => $name]) ?: core_user::get_user(user_create_user((object) ['username' => $name, 'password' => 'Not-needed-1', 'firstname' => 'A', 'lastname' => 'B', 'email' => "$name@example.org", 'auth' => 'manual', 'confirmed' => 1, 'mnethostid' => $CFG->mnet_localhost_id, 'lang' => 'en'], true, false));
    $manual->enrol_user($instance, $user->id, $student);
    \core\session\manager::set_user($user);
    $able = max(0.05, min(0.97, 0.55 + (rnd() + rnd() + rnd() - 1.5) * 0.5));
    $times = $n % 9 == 0 ? 2 : ($n % 31 == 0 ? 3 : 1);
    for ($try = 1; $try <= $times; $try++) {
        $settings = quiz_settings::create($cm->instance, $user->id);
        $quba = question_engine::make_questions_usage_by_activity('mod_quiz', $settings->get_context());
        $quba->set_preferred_behaviour($settings->get_quiz()->preferredbehaviour);
        $attempt = quiz_create_attempt($settings, $try, false, time(), false, $user->id);
        quiz_start_new_attempt($settings, $quba, $attempt, $try, time());
        quiz_attempt_save_started($settings, $quba, $attempt);
        $quba = question_engine::load_questions_usage_by_activity($attempt->uniqueid);
        foreach ($quba->get_slots() as $slot) {
            $r = respond($quba->get_question_attempt($slot), $able + 0.05 * ($try - 1));
            if ($r !== null) { $quba->process_action($slot, $r); }
        }
        question_engine::save_questions_usage_by_activity($quba);
        if ($n % 40 == 0) { continue; } // left open
        quiz_attempt::create($attempt->id)->process_finish(time(), false);
    }
    if ($n % 50 == 0) { echo "$n ", time() - $begin, "s\n"; }
}
