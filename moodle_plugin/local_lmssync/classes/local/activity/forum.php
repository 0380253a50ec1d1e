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
 * Forums.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use context_course;
use local_lmssync\local\data_reader;
use local_lmssync\local\refusal;
use stdClass;

/**
 * Forum for news, for questions and answers, or for everything.
 */
final class forum extends simple_module {
    /** @var array */
    protected const NUMBERS = ['forcesubscribe' => [0, 3], 'duedate' => [0, PHP_INT_MAX], 'cutoffdate' => [0, PHP_INT_MAX]];

    /** @var array */
    protected const RULES = [
        'posts' => ['completionposts', 1000],
        'discussions' => ['completiondiscussions', 1000],
        'replies' => ['completionreplies', 1000],
    ];

    /** @var string[] */
    private const TYPES = ['general', 'news', 'qanda'];

    #[\Override]
    public function read(data_reader $data): array {
        $wanted = parent::read($data);
        if ($data->has('type')) {
            $wanted['type'] = $data->word('type', self::TYPES);
        }
        return $wanted;
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        return parent::live($cm, $instance) + ['type' => $instance->type];
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        global $CFG;
        $form->type = 'general';
        $form->forcesubscribe = $CFG->forum_subscription;
        $form->trackingtype = $CFG->forum_trackingtype;
        $form->maxbytes = $CFG->forum_maxbytes;
        $form->maxattachments = $CFG->forum_maxattachments;
        foreach (
            [
                'duedate', 'cutoffdate', 'displaywordcount', 'lockdiscussionafter', 'blockperiod', 'blockafter', 'warnafter',
                'assessed', 'scale', 'grade_forum', 'grade_forum_notify', 'rsstype', 'rssarticles',
            ] as $name
        ) {
            $form->$name = 0;
        }
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        $form->ratingtime = (int) ($form->assesstimestart || $form->assesstimefinish);
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
        global $DB;
        $live = $cm ? $DB->get_record('forum', ['id' => $cm->instance], 'type, duedate', MUST_EXIST) : null;
        if ($wanted['duedate'] ?? $live->duedate ?? 0) {
            // Moodle asks for it when it writes the date into the calendar, in words that do not name the capability.
            require_capability('moodle/calendar:manageentries', context_course::instance($course->id));
        }
        $type = $wanted['type'] ?? $live->type ?? '';
        // As Moodle's own form: only these two can become each other.
        if ($live && $type !== $live->type && array_diff([$type, $live->type], ['general', 'qanda'])) {
            throw refusal::because('typefixed', ['key' => $cm->idnumber, 'want' => $type, 'got' => $live->type]);
        }
    }

    #[\Override]
    public function users_with_attempts(stdClass $instance): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(DISTINCT p.userid)
               FROM {forum_posts} p
               JOIN {forum_discussions} d ON d.id = p.discussion
              WHERE d.forum = ?',
            [$instance->id]
        );
    }
}
