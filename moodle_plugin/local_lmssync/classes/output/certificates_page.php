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
 * The page with a person's certificates.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\output;

use cm_info;
use core\output\renderable;
use core\output\renderer_base;
use core\output\templatable;
use DateTimeImmutable;
use DateTimeZone;
use moodle_url;
use stdClass;

/**
 * Turns what clients told of a person's awards into what the template shows, for whoever is logged in.
 */
final class certificates_page implements renderable, templatable {
    /** @var array<string, string> colours of states, by the classes of Bootstrap 4 and 5 */
    private const COLOURS = [
        'valid' => 'badge-success bg-success text-white',
        'expired' => 'badge-secondary bg-secondary text-dark',
        'suspended' => 'badge-warning bg-warning text-dark',
        'revoked' => 'badge-danger bg-danger text-white',
        'superseded' => 'badge-secondary bg-secondary text-dark',
    ];

    /** @var array<string, string> signs of states, in the order in which awards stand on the page */
    private const SIGNS = ['valid' => '✓', 'suspended' => '‖', 'expired' => '◷', 'superseded' => '→', 'revoked' => '✗'];

    /** @var array<string, stdClass|null> courses by their ID numbers */
    private array $courses = [];

    /**
     * Constructor.
     *
     * @param array[] $documents what clients told
     * @param bool $private whether to show the addresses that are for the holder only
     */
    public function __construct(
        /** @var array[] */
        private readonly array $documents,
        /** @var bool */
        private readonly bool $private
    ) {
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $awards = array_merge([], ...array_column($this->documents, 'awards'));
        // What stands comes before what does not any more, and of equals the newest first.
        usort($awards, fn($a, $b) => [$this->rank($a), $b['issued'], $b['serial']] <=> [$this->rank($b), $a['issued'], $a['serial']]);
        $underway = array_merge([], ...array_column($this->documents, 'underway'));
        return [
            'awards' => array_map($this->award(...), array_values($awards), array_keys(array_values($awards))),
            'hasawards' => (bool) $awards,
            'underway' => array_map($this->under_way(...), array_values($underway), array_keys(array_values($underway))),
            'hasunderway' => (bool) $underway,
            'none' => !$awards && !$underway,
        ];
    }

    /**
     * The place of an award on the page, by its state.
     *
     * @param array $award
     * @return int
     */
    private function rank(array $award): int {
        return array_search($this->state($award), array_keys(self::SIGNS), true);
    }

    /**
     * The state of an award today, in the calendar of its issuer.
     *
     * @param array $award
     * @return string
     */
    private function state(array $award): string {
        $isover = $award['expires'] !== '' && $this->today($award) > $award['expires'];
        return $isover && in_array($award['state'], ['valid', 'suspended'], true) ? 'expired' : $award['state'];
    }

    /**
     * Today, where the award was issued.
     *
     * @param array $award
     * @return string YYYY-MM-DD
     */
    private function today(array $award): string {
        $now = new DateTimeImmutable('@' . \core\di::get(\core\clock::class)->time());
        return $now->setTimezone(new DateTimeZone($award['timezone']))->format('Y-m-d');
    }

    /**
     * An award that was issued.
     *
     * @param array $award
     * @param int $number its place on the page
     * @return array
     */
    private function award(array $award, int $number): array {
        $state = $this->state($award);
        return [
            'id' => "local-lmssync-award-$number",
            'title' => $this->in_language($award['title']),
            'issuer' => $this->in_language($award['issuer']),
            'serial' => $award['serial'],
            'issued' => $this->day($award['issued']),
            'state' => get_string("award:$state", 'local_lmssync'),
            'sign' => self::SIGNS[$state],
            'colour' => self::COLOURS[$state],
            'words' => array_values(array_filter([$this->words($award, $state), $this->renewal($award, $state)])),
            'stands' => $state === 'valid',
            'pdf' => $this->private ? $award['pdf'] : '',
            'page' => $this->private ? $award['page'] : '',
            'verify' => $award['verify'],
        ];
    }

    /**
     * What the state means.
     *
     * @param array $award
     * @param string $state
     * @return string
     */
    private function words(array $award, string $state): string {
        return match ($state) {
            'valid' => $award['expires'] === ''
                ? get_string('award:validnoend', 'local_lmssync')
                : get_string('award:validtext', 'local_lmssync', $this->day($award['expires'])),
            'expired' => get_string('award:expiredtext', 'local_lmssync', $this->day($award['expires'])),
            'superseded' => $award['successor'] === ''
                ? get_string('award:supersededbynone', 'local_lmssync')
                : get_string('award:supersededtext', 'local_lmssync', $award['successor']),
            default => get_string("award:{$state}text", 'local_lmssync'),
        };
    }

    /**
     * When it may be renewed; empty where it may not.
     *
     * @param array $award
     * @param string $state
     * @return string
     */
    private function renewal(array $award, string $state): string {
        if ($award['renewfrom'] === '' || !in_array($state, ['valid', 'expired'], true)) {
            return '';
        }
        $today = $this->today($award);
        if ($today < $award['renewfrom']) {
            return get_string('award:renewfrom', 'local_lmssync', $this->day($award['renewfrom']));
        }
        $until = $award['renewuntil'];
        return $until !== '' && $today <= $until ? get_string('award:renewable', 'local_lmssync', $this->day($until)) : '';
    }

    /**
     * An award that is not issued yet.
     *
     * @param array $award
     * @param int $number its place on the page
     * @return array
     */
    private function under_way(array $award, int $number): array {
        $title = $this->in_language($award['title']);
        $missing = $this->missing($award['requirements']);
        return [
            'id' => "local-lmssync-underway-$number",
            'title' => $award['renewal'] ? get_string('underway:renewal', 'local_lmssync', $title) : $title,
            'issuer' => $this->in_language($award['issuer']),
            'state' => $award['state'] === 'pending'
                ? get_string('underway:missing', 'local_lmssync', $missing)
                : get_string("underway:{$award['state']}", 'local_lmssync'),
            'hasitems' => (bool) $award['requirements'],
            'items' => array_map($this->requirement(...), $award['requirements']),
        ];
    }

    /**
     * How many requirements are not met; of a group, of which one may be enough, that something in it is missing.
     *
     * @param array[] $requirements
     * @return int
     */
    private function missing(array $requirements): int {
        return count(array_filter(
            $requirements,
            fn($one) => isset($one['items']) ? $this->missing($one['items']) > 0 : $one['met'] === 'no'
        ));
    }

    /**
     * A requirement, or a group of them.
     *
     * @param array $requirement
     * @return array
     */
    private function requirement(array $requirement): array {
        $shown = ['words' => $this->in_language($requirement['words']), 'isgroup' => isset($requirement['items'])];
        if ($shown['isgroup']) {
            $items = array_map($this->requirement(...), $requirement['items']);
            return $shown + ['hasitems' => (bool) $items, 'items' => $items, 'place' => '', 'url' => ''];
        }
        [$place, $url] = $this->place($requirement);
        return $shown + [
            'met' => $requirement['met'] === 'yes',
            'missing' => $requirement['met'] === 'no',
            'spare' => $requirement['met'] === 'spare',
            'place' => $place,
            'url' => $url,
            // The template calls itself: these end it.
            'hasitems' => false,
            'items' => [],
        ];
    }

    /**
     * Where a requirement is met: the name and the address of the activity or course, where who is logged in may open it.
     *
     * @param array $requirement
     * @return string[] the name, empty where there is none; the address, empty where it may not be opened
     */
    private function place(array $requirement): array {
        $name = $requirement['name'] ? $this->in_language($requirement['name']) : '';
        $course = $requirement['course'] === '' ? null : $this->course($requirement['course']);
        if (!$course) {
            return [$name, ''];
        }
        if ($requirement['activity'] === '') {
            $context = \context_course::instance($course->id);
            $title = format_string($course->fullname, true, ['context' => $context, 'escape' => false]);
            return [$title, (new moodle_url('/course/view.php', ['id' => $course->id]))->out(false)];
        }
        $cm = $this->activity($course, $requirement['activity']);
        return $cm ? [$cm->get_formatted_name(['escape' => false]), $cm->url->out(false)] : [$name, ''];
    }

    /**
     * The course with an ID number that who is logged in may enter, or null.
     *
     * @param string $idnumber
     * @return stdClass|null
     */
    private function course(string $idnumber): ?stdClass {
        global $DB;
        if (!array_key_exists($idnumber, $this->courses)) {
            $found = array_values($DB->get_records('course', ['idnumber' => $idnumber], 'id', '*', 0, 2));
            $this->courses[$idnumber] = count($found) === 1 && can_access_course($found[0]) ? $found[0] : null;
        }
        return $this->courses[$idnumber];
    }

    /**
     * The activity with an ID number that who is logged in may open, or null.
     *
     * @param stdClass $course
     * @param string $idnumber
     * @return cm_info|null
     */
    private function activity(stdClass $course, string $idnumber): ?cm_info {
        foreach (get_fast_modinfo($course)->get_cms() as $cm) {
            if ($cm->idnumber === $idnumber && $cm->uservisible && $cm->url) {
                return $cm;
            }
        }
        return null;
    }

    /**
     * A text in the language of the page, else in English, else in whatever there is.
     *
     * @param string[] $texts by language
     * @return string
     */
    private function in_language(array $texts): string {
        $language = current_language();
        foreach (array_merge([$language], explode('_', $language, 2), ['en']) as $one) {
            if (isset($texts[$one])) {
                return $texts[$one];
            }
        }
        return (string) reset($texts);
    }

    /**
     * A day in words.
     *
     * @param string $day YYYY-MM-DD
     * @return string
     */
    private function day(string $day): string {
        $noon = new DateTimeImmutable("$day 12:00:00", new DateTimeZone('UTC'));
        return userdate($noon->getTimestamp(), get_string('strftimedate', 'langconfig'), 'UTC');
    }
}
