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
 * The least-privilege role.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use context_system;

/**
 * The capabilities that the account of a client needs, in a role assigned at system level. Found by trial on Moodle 4.5.
 *
 * moodle_plugin/role.json and README.md carry the same list.
 */
final class role {
    /** @var string[] */
    public const CAPABILITIES = [
        'webservice/rest:use',
        'local/lmssync:pull',
        'local/lmssync:push',
        'local/lmssync:setcertificates',
        'moodle/course:activityvisibility',
        'moodle/course:changecategory',
        'moodle/course:changefullname',
        'moodle/course:changeshortname',
        'moodle/course:changesummary',
        'moodle/course:create',
        'moodle/course:manageactivities',
        'moodle/course:managegroups',
        'moodle/course:movesections',
        'moodle/course:sectionvisibility',
        'moodle/course:update',
        'moodle/course:view',
        'moodle/course:viewhiddenactivities',
        'moodle/course:viewhiddencourses',
        'moodle/course:viewparticipants',
        'moodle/course:visibility',
        'moodle/category:manage',
        'moodle/category:viewhiddencategories',
        'moodle/question:add',
        'moodle/question:editmine',
        'moodle/question:managecategory',
        'moodle/question:movemine',
        'moodle/question:useall',
        'moodle/question:viewall',
        'moodle/calendar:manageentries',
        'mod/assign:addinstance',
        'mod/feedback:addinstance',
        'mod/feedback:edititems',
        'mod/forum:addinstance',
        'mod/glossary:addinstance',
        'mod/label:addinstance',
        'mod/page:addinstance',
        'mod/quiz:addinstance',
        'mod/quiz:manage',
        'mod/quiz:manageoverrides',
        'mod/quiz:view',
        'mod/resource:addinstance',
        'mod/scorm:addinstance',
        'mod/url:addinstance',
        'moodle/cohort:manage',
        'moodle/user:create',
        'moodle/user:viewalldetails',
        'moodle/user:viewdetails',
        'moodle/site:viewuseridentity',
        'enrol/manual:enrol',
        'moodle/role:assign',
    ];

    /** @var string[] what a client needs besides that reads questions from a forum and writes answers into a glossary */
    public const HELP_DESK = [
        'mod/forum:viewdiscussion',
        'mod/forum:viewqandawithoutposting',
        'mod/glossary:view',
        'mod/glossary:write',
        'mod/glossary:approve',
        'mod/glossary:manageentries',
    ];

    /**
     * Capabilities that the calling user lacks at system level.
     *
     * @param string[] $wanted
     * @return string[]
     */
    public static function missing(array $wanted = self::CAPABILITIES): array {
        $context = context_system::instance();
        return array_values(array_filter(
            $wanted,
            fn($capability) => !get_capability_info($capability) || !has_capability($capability, $context)
        ));
    }
}
