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
 * The sections of a quiz.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use context_module;
use local_lmssync\local\data_reader;
use local_lmssync\local\refusal;
use stdClass;

/**
 * The sections of a quiz as a client writes them: {"first", "heading", "shuffle"}; none for a quiz that is all one part.
 */
final class quiz_sections {
    /** @var int characters of a heading, with all its language tags */
    private const LONGEST_HEADING = 1333;

    /**
     * Reads the sections of a client.
     *
     * @param data_reader[] $sections
     * @return array[]
     */
    public static function read(array $sections): array {
        $wanted = [];
        foreach ($sections as $i => $section) {
            $first = $section->integer('first', $i ? $wanted[$i - 1]['first'] + 1 : 1, $i ? 10000 : 1);
            $heading = $section->text('heading');
            if ($heading !== '') {
                $heading = $section->title('heading', self::LONGEST_HEADING);
            }
            $wanted[] = ['first' => $first, 'heading' => $heading, 'shuffle' => $section->integer('shuffle', 0, 1)];
            $section->finish();
        }
        return self::is_one_part($wanted) ? [] : $wanted;
    }

    /**
     * The sections of a quiz.
     *
     * @param int $quizid
     * @return array[] empty where Moodle has one without a heading whose questions stay in order
     */
    public static function live(int $quizid): array {
        global $DB;
        $live = [];
        foreach ($DB->get_records('quiz_sections', ['quizid' => $quizid], 'firstslot') as $row) {
            $live[] = [
                'first' => (int) $row->firstslot,
                'heading' => (string) $row->heading,
                'shuffle' => (int) $row->shufflequestions,
            ];
        }
        return self::is_one_part($live) ? [] : $live;
    }

    /**
     * Gives the quiz these sections; does nothing if it has them.
     *
     * Attempts keep the order in which they were begun: only new ones are shuffled by these sections.
     *
     * @param stdClass $cm
     * @param array[] $wanted from read()
     */
    public static function put(stdClass $cm, array $wanted): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        if (self::live((int) $cm->instance) === $wanted) {
            return;
        }
        require_capability('mod/quiz:manage', context_module::instance($cm->id));
        $slots = $DB->count_records('quiz_slots', ['quizid' => $cm->instance]);
        $last = end($wanted);
        if ($last && $last['first'] > $slots) {
            throw refusal::because('datavalue', ['field' => 'sections', 'allowed' => "1 … $slots"]);
        }
        quiz_delete_previews($DB->get_record('quiz', ['id' => $cm->instance], '*', MUST_EXIST));
        $DB->delete_records('quiz_sections', ['quizid' => $cm->instance]);
        foreach ($wanted ?: [['first' => 1, 'heading' => '', 'shuffle' => 0]] as $section) {
            $DB->insert_record('quiz_sections', (object) [
                'quizid' => $cm->instance,
                'firstslot' => $section['first'],
                'heading' => $section['heading'],
                'shufflequestions' => $section['shuffle'],
            ]);
        }
        self::break_pages((int) $cm->instance, array_column($wanted, 'first'));
    }

    /**
     * Lets a page begin where a section begins, as Moodle's own pages do; other pages stay as somebody arranged them.
     *
     * @param int $quizid
     * @param int[] $firsts
     */
    private static function break_pages(int $quizid, array $firsts): void {
        global $DB;
        $added = 0;
        $before = 0;
        foreach ($DB->get_records('quiz_slots', ['quizid' => $quizid], 'slot', 'id, slot, page') as $slot) {
            if (in_array((int) $slot->slot, $firsts, true) && (int) $slot->slot > 1 && (int) $slot->page === $before) {
                $added++;
            }
            $before = (int) $slot->page;
            if ($added) {
                $DB->set_field('quiz_slots', 'page', $before + $added, ['id' => $slot->id]);
            }
        }
    }

    /**
     * Whether these sections are what every quiz begins with.
     *
     * @param array[] $sections
     * @return bool
     */
    private static function is_one_part(array $sections): bool {
        return !$sections || (count($sections) === 1 && $sections[0]['heading'] === '' && !$sections[0]['shuffle']);
    }
}
