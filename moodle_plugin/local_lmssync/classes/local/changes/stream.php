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
 * One source of facts.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use local_lmssync\local\refusal;
use stdClass;

/**
 * A SELECT that gives facts with a time, and how a row is written down.
 *
 * The cursor is (time, id): rows of one second are told apart by their id, and rows of the running second are held back,
 * because more of them may come. There are no casts, so that the same SQL runs on PostgreSQL and on MariaDB.
 */
abstract class stream {
    /** @var array<string, class-string<stream>> */
    private const STREAMS = [
        'activity_completion' => activity_completion::class,
        'course_completion' => course_completion::class,
        'enrolment' => enrolment::class,
        'feedback_answer' => feedback_answer::class,
        'grade' => grade::class,
        'last_access' => last_access::class,
        'log' => log::class,
        'quiz_attempt' => quiz_attempt::class,
        'question_outcome' => question_outcome::class,
        'scorm_interaction' => scorm_interaction::class,
        'scorm_track' => scorm_track::class,
    ];

    /** @var array<string, bool> what may_have_changed() has found in this request */
    private static array $changed = [];

    /**
     * The SELECT: id, t, courseid, userid, cmid (NULL for none), and what data() needs.
     *
     * @param string $in condition on a course id, to be put behind a column name
     * @return string SQL; rows without a time must give 0
     */
    abstract protected function select(string $in): string;

    /**
     * Parameters of the SELECT, beyond those of the courses.
     *
     * @return array
     */
    protected function params(): array {
        return [];
    }

    /**
     * A short SELECT that finds something whenever a row has changed at or after :from1, :from2 or :from3 (the same moment).
     *
     * For streams whose own SELECT joins so many tables that planning it takes longer than to see that nothing is new.
     *
     * @param string $in condition on a course id, to be put behind a column name
     * @return string SQL; empty where the stream's own is short enough
     */
    protected function any_since(string $in): string {
        return '';
    }

    /**
     * The fact.
     *
     * @param stdClass $row
     * @return array
     */
    abstract protected function data(stdClass $row): array;

    /**
     * The stream of a name.
     *
     * @param string $name
     * @return self
     */
    public static function named(string $name): self {
        $class = self::STREAMS[$name] ?? null;
        if (!$class) {
            throw refusal::because('unknownstream', ['stream' => $name, 'known' => implode(', ', array_keys(self::STREAMS))]);
        }
        return new $class();
    }

    /**
     * One page.
     *
     * @param int[] $courseids
     * @param int $since
     * @param int $afterid
     * @param int $limit
     * @param int $now rows of this second are held back; 0 for the present
     * @return array now, more, since and afterid (cursor for the next page), rows (id, t, courseid, userid, cmid, data)
     */
    public function page(array $courseids, int $since, int $afterid, int $limit, int $now = 0): array {
        global $DB;
        [$in, $params] = $DB->get_in_or_equal($courseids, SQL_PARAMS_NAMED, 'course');
        $now = $now ?: time();
        if ($since > 0 && !$this->may_have_changed($in, $params, $since)) {
            return ['now' => $now, 'more' => false, 'since' => $since, 'afterid' => $afterid, 'rows' => []];
        }
        $params += $this->params() + ['now' => $now, 'since1' => $since, 'since2' => $since, 'afterid' => $afterid];
        $rows = $DB->get_recordset_sql(
            "SELECT d.*
               FROM ({$this->select($in)}) d
              WHERE d.t < :now AND (d.t > :since1 OR (d.t = :since2 AND d.id > :afterid))
           ORDER BY d.t, d.id",
            $params,
            0,
            $limit + 1
        );
        $page = ['now' => $now, 'more' => false, 'since' => $since, 'afterid' => $afterid, 'rows' => []];
        foreach ($rows as $row) {
            if (count($page['rows']) === $limit) {
                $page['more'] = true;
                break;
            }
            $page['since'] = (int) $row->t;
            $page['afterid'] = (int) $row->id;
            $page['rows'][] = $this->told($row);
        }
        $rows->close();
        $page['rows'] = $this->completed($page['rows']);
        return $page;
    }

    /**
     * Whether there can be rows at all; asked once where several streams ask the same.
     *
     * @param string $in
     * @param array $params of the condition
     * @param int $since
     * @return bool
     */
    private function may_have_changed(string $in, array $params, int $since): bool {
        global $DB;
        $any = $this->any_since($in);
        if ($any === '') {
            return true;
        }
        // Moodle gives each parameter a name of its own.
        $asked = preg_replace('/:\w+/', ':', $any) . " $since " . implode(',', $params);
        self::$changed[$asked] ??= $DB->record_exists_sql(
            $any,
            $params + ['from1' => $since, 'from2' => $since, 'from3' => $since]
        );
        return self::$changed[$asked];
    }

    /**
     * The rows of certain numbers, as they are now.
     *
     * @param int[] $courseids
     * @param int[] $ids
     * @return array[]
     */
    public function rows(array $courseids, array $ids): array {
        global $DB;
        [$in, $params] = $DB->get_in_or_equal($courseids, SQL_PARAMS_NAMED, 'course');
        [$among, $more] = $DB->get_in_or_equal($ids, SQL_PARAMS_NAMED, 'row');
        $sql = "SELECT d.* FROM ({$this->select($in)}) d WHERE d.id $among ORDER BY d.id";
        $rows = $DB->get_records_sql($sql, $params + $this->params() + $more);
        return $this->completed(array_map($this->told(...), array_values($rows)));
    }

    /**
     * The told rows with what is read for all of them at once.
     *
     * @param array[] $rows
     * @return array[]
     */
    protected function completed(array $rows): array {
        return $rows;
    }

    /**
     * A row as it is told.
     *
     * @param stdClass $row
     * @return array
     */
    private function told(stdClass $row): array {
        return [
            'id' => (int) $row->id,
            't' => (int) $row->t,
            'courseid' => (int) $row->courseid,
            'userid' => (int) $row->userid,
            'cmid' => (int) $row->cmid,
            'data' => $this->data($row),
        ];
    }

    /**
     * A number, or null.
     *
     * @param mixed $value
     * @return float|null
     */
    protected static function number(mixed $value): ?float {
        return $value === null ? null : (float) $value;
    }
}
