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
 * Tests of what people see of their certificates.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

use core_external\external_api;
use core_user\output\myprofile\tree;
use local_lmssync\external\get_certificates;
use local_lmssync\external\set_certificates;
use local_lmssync\local\certificates;
use local_lmssync\output\certificates_page;
use stdClass;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * Told by the client with its own capability, shown to the holder, forgotten with the account.
 *
 * @covers \local_lmssync\external\get_certificates
 * @covers \local_lmssync\external\set_certificates
 * @covers \local_lmssync\local\certificates
 * @covers \local_lmssync\output\certificates_page
 * @covers ::local_lmssync_myprofile_navigation
 */
final class certificates_test extends pushing_testcase {
    /** @var string */
    private const SOURCE = 'academy';

    /** @var stdClass */
    private stdClass $learner;

    protected function setUp(): void {
        parent::setUp();
        $this->learner = $this->getDataGenerator()->create_and_enrol($this->course);
    }

    /**
     * An award as a client tells it.
     *
     * @param array $changed
     * @return array
     */
    private static function award(array $changed = []): array {
        return $changed + [
            'title' => ['en' => 'Archive officer', 'sq' => 'Zyrtar arkivi'],
            'issuer' => ['en' => 'Archives'],
            'serial' => 'DPA-2026-00001',
            'state' => 'valid',
            'issued' => '2026-03-05',
            'expires' => '2029-03-04',
            'timezone' => 'Europe/Tirane',
            'verify' => 'https://verify.example.org/verify/X',
            'page' => 'https://verify.example.org/holder/X/y',
            'pdf' => 'https://verify.example.org/holder/X/y/certificate.pdf',
        ];
    }

    /**
     * An award under way.
     *
     * @param array[] $requirements
     * @return array
     */
    private static function under_way(array $requirements): array {
        return [
            'title' => ['en' => 'Trainer'],
            'issuer' => ['en' => 'Archives'],
            'state' => 'pending',
            'renewal' => 0,
            'requirements' => $requirements,
        ];
    }

    /**
     * Tells of a person.
     *
     * @param array $awards
     * @param array $underway
     * @param int|null $userid
     * @param string $source
     * @return string what was done
     */
    private function tell(array $awards, array $underway = [], ?int $userid = null, string $source = self::SOURCE): string {
        $data = $awards || $underway ? json_encode(['awards' => $awards, 'underway' => $underway]) : '';
        $person = ['userid' => $userid ?? $this->learner->id, 'hash' => self::hash($data), 'data' => $data];
        $answer = external_api::clean_returnvalue(
            set_certificates::execute_returns(),
            set_certificates::execute($source, [$person])
        );
        return $answer['people'][0]['action'];
    }

    /**
     * Of whom is known, by the hashes.
     *
     * @param string $source
     * @return array
     */
    private function known(string $source = self::SOURCE): array {
        $answer = external_api::clean_returnvalue(
            get_certificates::execute_returns(),
            get_certificates::execute($source, 0, 100)
        );
        return array_column($answer['people'], 'hash', 'userid');
    }

    /**
     * What the page of the learner shows.
     *
     * @param bool $private
     * @return array
     */
    private function page(bool $private = true): array {
        global $PAGE;
        $page = new certificates_page(certificates::of($this->learner->id), $private);
        return $page->export_for_template($PAGE->get_renderer('core'));
    }

    public function test_what_is_told_is_kept_once_changed_and_taken_away(): void {
        $this->assertSame('set', $this->tell([self::award()]));
        $this->assertSame('unchanged', $this->tell([self::award()]));
        $this->assertSame([(int) $this->learner->id], array_keys($this->known()));
        $this->assertSame('set', $this->tell([self::award(['state' => 'revoked'])]));
        $this->assertSame('removed', $this->tell([]));
        $this->assertSame('unchanged', $this->tell([]));
        $this->assertSame([], $this->known());
    }

    public function test_two_clients_do_not_touch_what_the_other_told(): void {
        $this->tell([self::award()]);
        $this->tell([self::award(['serial' => 'OTHER-1'])], [], null, 'other');
        $this->assertCount(2, $this->page()['awards']);
        $this->tell([], [], null, 'other');
        $this->assertSame(['DPA-2026-00001'], array_column($this->page()['awards'], 'serial'));
    }

    public function test_of_who_has_no_account_nothing_is_kept(): void {
        $gone = $this->getDataGenerator()->create_user();
        $this->tell([self::award()], [], (int) $gone->id);
        delete_user($gone);
        $this->assertSame([], $this->known());
        $this->assertSame('unknown', $this->tell([self::award()], [], (int) $gone->id));
        $this->assertSame('unknown', $this->tell([self::award()], [], 999999999));
    }

    public function test_the_capability_is_asked_for(): void {
        $this->without('local/lmssync:setcertificates');
        $this->assertSame('nopermissions', $this->refused(fn() => $this->tell([self::award()])));
        $this->assertSame('nopermissions', $this->refused(fn() => $this->known()));
    }

    /**
     * Documents that cannot be read.
     *
     * @return array[]
     */
    public static function wrong_documents(): array {
        return [
            'no web address' => [['verify' => 'javascript:alert(1)'], 'datavalue'],
            'quotes in an address' => [['pdf' => 'https://x.example/" onclick="x'], 'datavalue'],
            'no such day' => [['expires' => '2026-02-30'], 'datavalue'],
            'no such zone' => [['timezone' => 'Europe/Nowhere'], 'datavalue'],
            'no such state' => [['state' => 'expired'], 'datavalue'],
            'no language' => [['title' => ['Archive officer']], 'datavalue'],
            'unknown value' => [['note' => 'x'], 'dataunknown'],
        ];
    }

    /**
     * Nothing is stored where one cannot be read.
     *
     * @dataProvider wrong_documents
     * @param array $changed
     * @param string $code
     */
    public function test_a_document_that_cannot_be_read_is_refused(array $changed, string $code): void {
        $this->assertSame($code, $this->refused(fn() => $this->tell([self::award($changed)])));
        $this->assertSame([], $this->known());
    }

    public function test_the_state_follows_the_calendar_of_the_issuer(): void {
        $this->tell([self::award(['renewfrom' => '2028-09-05', 'renewuntil' => '2029-04-03'])]);
        foreach (
            [
                '2028-01-01 12:00 UTC' => ['Valid', 'It can be renewed from 5 September 2028.'],
                '2029-03-04 22:59 UTC' => ['Valid', 'You can renew it until 3 April 2029.'],
                '2029-03-04 23:00 UTC' => ['Expired', 'You can renew it until 3 April 2029.'], // Midnight in Tirana.
                '2029-06-01 12:00 UTC' => ['Expired', 'It was valid until 4 March 2029.'],
            ] as $moment => [$state, $words]
        ) {
            $this->mock_clock_with_frozen(strtotime($moment));
            $award = $this->page()['awards'][0];
            $this->assertSame($state, $award['state'], $moment);
            $this->assertContains($words, $award['words'], $moment);
        }
    }

    public function test_what_was_revoked_stays_revoked_after_its_end_and_stands_last(): void {
        $this->mock_clock_with_frozen(strtotime('2030-01-01 12:00 UTC'));
        $this->tell([
            self::award(['state' => 'revoked', 'serial' => 'A']),
            self::award(['state' => 'superseded', 'serial' => 'B', 'successor' => 'C']),
            self::award(['serial' => 'C', 'expires' => '2031-01-01']),
            self::award(['state' => 'suspended', 'serial' => 'D', 'expires' => '2031-01-01']),
            self::award(['serial' => 'E']),
        ]);
        $shown = array_column($this->page()['awards'], 'state', 'serial');
        $this->assertSame(
            ['C' => 'Valid', 'D' => 'Suspended', 'E' => 'Expired', 'B' => 'Replaced', 'A' => 'Revoked'],
            $shown
        );
        $this->assertContains('Certificate C stands in its place.', $this->page()['awards'][3]['words']);
    }

    public function test_a_requirement_leads_to_the_activity_that_the_learner_may_open(): void {
        $this->activity('page', ['name' => 'Practice', 'content' => 'x']);
        $leaf = fn($activity, $course = 'archive') => [
            'words' => ['en' => 'Exercise'],
            'met' => 'no',
            'name' => ['en' => 'As the client calls it'],
            'course' => $course,
            'activity' => $activity,
        ];
        $this->tell([], [self::under_way([
            $leaf('archive/page'),
            ['words' => ['en' => 'one of:'], 'items' => [$leaf('archive/nowhere'), $leaf('', 'nowhere'), $leaf('')]],
        ])]);
        $this->setUser($this->learner);
        [$first, $group] = $this->page()['underway'][0]['items'];
        $this->assertSame('Practice', $first['place']);
        $this->assertStringContainsString('/mod/page/view.php?id=', $first['url']);
        $this->assertSame(['As the client calls it', ''], [$group['items'][0]['place'], $group['items'][0]['url']]);
        $this->assertSame('', $group['items'][1]['url']);
        $this->assertStringContainsString("/course/view.php?id={$this->course->id}", $group['items'][2]['url']);
        $this->assertSame('Requirements still missing: 2', $this->page()['underway'][0]['state']);

        $this->setUser($this->client);
        $this->activity('page', ['name' => 'Practice', 'content' => 'x', 'visible' => 0], '*');
        $this->setUser($this->learner);
        $this->assertSame('', $this->page()['underway'][0]['items'][0]['url']);
        $this->setUser($this->getDataGenerator()->create_user());
        $this->assertSame('', $this->page()['underway'][0]['items'][1]['items'][2]['url']);
    }

    public function test_private_addresses_are_for_the_holder(): void {
        $this->tell([self::award()]);
        $this->assertStringContainsString('/holder/', $this->page()['awards'][0]['pdf']);
        $others = $this->page(false)['awards'][0];
        $this->assertSame(['', ''], [$others['pdf'], $others['page']]);
        $this->assertStringContainsString('/verify/', $others['verify']);
    }

    public function test_the_page_is_whole_and_escapes_what_it_was_told(): void {
        global $OUTPUT;
        $this->tell([self::award(['title' => ['en' => '<script>x</script>'], 'serial' => 'A & B'])], [
            self::under_way([['words' => ['en' => '<b>quiz</b>'], 'met' => 'spare']]),
        ]);
        $html = $OUTPUT->render_from_template('local_lmssync/certificates', $this->page());
        $this->assertStringContainsString('&lt;script&gt;', $html);
        $this->assertStringContainsString('A &amp; B', $html);
        $this->assertStringContainsString('&lt;b&gt;quiz', $html);
        $this->assertStringNotContainsString('{{', $html);
    }

    public function test_others_see_it_only_with_the_capability(): void {
        $this->tell([self::award()]);
        $this->assertFalse(certificates::may_see($this->learner->id));
        $this->setUser($this->learner);
        $this->assertTrue(certificates::may_see($this->learner->id));
        $this->setUser($this->getDataGenerator()->create_and_enrol($this->course));
        $this->assertFalse(certificates::may_see($this->learner->id));
        $this->setAdminUser();
        $this->assertTrue(certificates::may_see($this->learner->id));
        $this->setGuestUser();
        $this->assertFalse(certificates::may_see($this->learner->id));
    }

    public function test_the_profile_leads_there_where_there_is_anything(): void {
        global $CFG;
        require_once($CFG->dirroot . '/local/lmssync/lib.php');
        $nodes = function (): array {
            $tree = new tree();
            local_lmssync_myprofile_navigation($tree, $this->learner, true, null);
            return array_keys($tree->nodes);
        };
        $this->setUser($this->learner);
        $this->assertSame([], $nodes());
        $this->setUser($this->client);
        $this->tell([self::award()]);
        $this->assertSame([], $nodes());
        $this->setUser($this->learner);
        $this->assertSame(['certificates'], $nodes());
    }

    public function test_the_page_speaks_english_where_it_lacks_a_language(): void {
        $this->tell([self::award()]);
        $this->assertSame('Archive officer', $this->page()['awards'][0]['title']);
        $this->tell([self::award(['title' => ['mk' => 'Архив']])]);
        $this->assertSame('Архив', $this->page()['awards'][0]['title']);
    }
}
