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
 * Glossaries.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use stdClass;

/**
 * Glossary; its entries belong to the people who write them.
 */
final class glossary extends simple_module {
    /** @var array */
    protected const NUMBERS = ['defaultapproval' => [0, 1], 'allowduplicatedentries' => [0, 1], 'allowcomments' => [0, 1]];

    /** @var array */
    protected const RULES = ['entries' => ['completionentries', 1000]];

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        global $CFG;
        $form->displayformat = 'dictionary';
        $form->approvaldisplayformat = 'default';
        $form->defaultapproval = $CFG->glossary_defaultapproval;
        $form->allowduplicatedentries = $CFG->glossary_dupentries;
        $form->allowcomments = $CFG->glossary_allowcomments;
        $form->usedynalink = $CFG->glossary_linkbydefault;
        $form->entbypage = $CFG->glossary_entbypage;
        foreach (['showalphabet', 'showall', 'showspecial', 'allowprintview'] as $name) {
            $form->$name = 1;
        }
        foreach (['mainglossary', 'globalglossary', 'editalways', 'assessed', 'scale', 'rsstype', 'rssarticles'] as $name) {
            $form->$name = 0;
        }
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        $form->ratingtime = (int) ($form->assesstimestart || $form->assesstimefinish);
    }

    #[\Override]
    public function users_with_attempts(stdClass $instance): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(DISTINCT userid) FROM {glossary_entries} WHERE glossaryid = ?',
            [$instance->id]
        );
    }
}
