<?php // gift_parse.php FILE -> JSON: what Moodle's GIFT importer makes of each question of the file; stores nothing
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
require_once($CFG->libdir . '/questionlib.php');
require_once($CFG->dirroot . '/question/format.php');
require_once($CFG->dirroot . '/question/format/gift/format.php');
class reader extends qformat_gift { public function all($lines) { return $this->readquestions($lines); } }
\core\session\manager::set_user(get_admin());
$reader = new reader(); $reader->set_display_progress(false);
$plain = fn($x) => is_array($x) && isset($x['text']) ? $x['text'] : $x;
$out = [];
foreach ($reader->all(file($argv[1])) as $q) {
    $one = ['qtype' => $q->qtype, 'name' => $q->name ?? '', 'text' => $q->questiontext ?? '', 'format' => (int) ($q->questiontextformat ?? 0), 'general' => $q->generalfeedback ?? '', 'idnumber' => $q->idnumber ?? '', 'tags' => $q->tags ?? []];
    foreach (['single', 'correctanswer'] as $f) { if (isset($q->$f)) { $one[$f] = (int) $q->$f; } }
    foreach (['answer', 'feedback', 'subquestions', 'subanswers', 'fraction', 'tolerance'] as $f) { if (isset($q->$f)) { $one[$f] = array_values(array_map($plain, $q->$f)); } }
    foreach (['feedbacktrue', 'feedbackfalse'] as $f) { if (isset($q->$f)) { $one[$f] = $plain($q->$f); } }
    $out[] = $one;
}
echo json_encode($out, JSON_UNESCAPED_UNICODE | JSON_PRETTY_PRINT);
