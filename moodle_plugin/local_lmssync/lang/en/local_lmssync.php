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
 * English strings.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['activitynottracked'] = 'The activity "{$a->key}" cannot be a criterion of the course: completion tracking is off for it or for the course.';
$string['ambiguous'] = 'More than one object has the key "{$a->key}". Change the ID number of those that do not belong to lms-sync.';
$string['attemptslost'] = 'The new package of "{$a->key}" lacks these items, so the attempts of {$a->n} learners would be deleted: {$a->items}';
$string['award:download'] = 'Download the certificate (PDF)';
$string['award:expired'] = 'Expired';
$string['award:expiredtext'] = 'It was valid until {$a}.';
$string['award:issuedby'] = 'Issued by';
$string['award:issuedon'] = 'Issued on';
$string['award:number'] = 'Number';
$string['award:privatepage'] = 'Your private page';
$string['award:renewable'] = 'You can renew it until {$a}.';
$string['award:renewfrom'] = 'It can be renewed from {$a}.';
$string['award:revoked'] = 'Revoked';
$string['award:revokedtext'] = 'It is no longer valid. The institution that issued it can tell you why.';
$string['award:superseded'] = 'Replaced';
$string['award:supersededbynone'] = 'Another certificate stands in its place.';
$string['award:supersededtext'] = 'Certificate {$a} stands in its place.';
$string['award:suspended'] = 'Suspended';
$string['award:suspendedtext'] = 'It does not count for the time being. The institution that issued it can tell you why.';
$string['award:valid'] = 'Valid';
$string['award:validnoend'] = 'It has no end date.';
$string['award:validtext'] = 'It is valid until {$a}.';
$string['award:verify'] = 'Verification page, for anyone';
$string['baddraft'] = 'The upload area {$a->itemid} holds {$a->n} files instead of one. It must have been filled with the same account\'s token.';
$string['badhash'] = 'A hash must be 64 hexadecimal digits in lower case.';
$string['badkey'] = 'The key "{$a->key}" is not allowed: 1 to 100 letters, digits and . _ : / - beginning with a letter or digit.';
$string['badlimit'] = 'The limit must be between 1 and {$a->largest}.';
$string['badquestionfile'] = 'The question file cannot be used: {$a->words}';
$string['badtext'] = 'Moodle would not keep "{$a->field}" as it was sent: it is empty, has space around it, or holds characters or tags that are removed.';
$string['certificates'] = 'Certificates';
$string['certificatesnone'] = 'There is no certificate yet, and none is under way.';
$string['certificatesof'] = 'Certificates of {$a}';
$string['completionlocked'] = 'The completion rules of "{$a->key}" differ, and {$a->n} learners have records that a change would delete or date anew.';
$string['criterialocked'] = 'The completion criteria of the course differ, and setting them would delete the course completions of {$a->n} learners.';
$string['datamissing'] = 'The data lack "{$a->field}".';
$string['dataunknown'] = 'The data hold "{$a->field}", which is not known here.';
$string['datavalue'] = 'The value of "{$a->field}" is not allowed. Allowed: {$a->allowed}';
$string['deadpackage'] = 'Moodle cannot launch this package, so nothing was changed. {$a->words}';
$string['feedbackhasresponses'] = 'The questions of the questionnaire "{$a->key}" differ, and {$a->n} answers were given.';
$string['foreignquestion'] = 'The question "{$a->key}" belongs to somebody else, or lies in another question category. The account lacks {$a->capability}.';
$string['hasgrades'] = 'The highest grade of "{$a->key}" differs, and {$a->n} grades were given.';
$string['headingsremoved'] = 'The section headings inside the quiz were removed, because its slots changed.';
$string['lmssync:pull'] = 'Read completions, grades and attempts for lms-sync';
$string['lmssync:push'] = 'Create and change course content with lms-sync';
$string['lmssync:setcertificates'] = 'Show people their certificates, and what is missing, for lms-sync';
$string['lmssync:viewcertificates'] = 'See the certificates of other people, and what they are missing';
$string['locked'] = 'Another write into this course is running. Try again later.';
$string['mycertificates'] = 'My certificates';
$string['noavailability'] = 'Access cannot be restricted: the site has the restrictions switched off.';
$string['nocompletion'] = 'Completion rules cannot be set: completion tracking is off for the course or for the site.';
$string['nocourses'] = 'The list of courses is empty.';
$string['nofile'] = 'A file is needed: upload it and name its draft area.';
$string['nosection'] = 'There is no section with the key "{$a->key}" in this course.';
$string['notenoughquestions'] = 'Of {$a->want} random questions from "{$a->category}" (tags: {$a->tags}) only {$a->got} are there; nobody could start this quiz.';
$string['notenrolled'] = 'The user {$a->id} is not enrolled in this course.';
$string['notjson'] = 'The data are not a JSON object: {$a->words}';
$string['notkept'] = 'Moodle did not keep "{$a->field}" of "{$a->key}" as it was sent, so nothing was changed.';
$string['notquestions'] = 'The questions are not a JSON list of streams with courses and a cursor or row numbers.';
$string['pluginname'] = 'lms-sync';
$string['privacy:metadata:certificates'] = 'Certificates of a person and the requirements for those under way, as the client told them, to be shown in the profile.';
$string['privacy:metadata:certificates:data'] = 'Titles, numbers, dates and states of certificates, addresses of their pages, and which requirements are met or missing.';
$string['privacy:metadata:certificates:timemodified'] = 'When the client told it last.';
$string['privacy:metadata:certificates:userid'] = 'The person whose certificates they are.';
$string['privacy:metadata:client'] = 'A client with a token for the service "lmssync" reads facts about learners, to report on training and to issue certificates.';
$string['privacy:metadata:client:account'] = 'User name, ID number, login method and state of the account, to match it with the institution\'s list.';
$string['privacy:metadata:client:facts'] = 'Completions, grades, quiz attempts with the outcome of each question (without what is written in essays), status and score in SCORM packages, and answers to questionnaires that were given with a name.';
$string['privacy:metadata:client:userid'] = 'The id of the user in Moodle.';
$string['privacy:metadata:log'] = 'In a log, that something of a person changed in a way that the row itself does not tell: a deletion, or a change that carries an earlier time.';
$string['privacy:metadata:log:stream'] = 'Which kind of result was deleted or changed.';
$string['privacy:metadata:log:timecreated'] = 'When it was deleted or changed.';
$string['privacy:metadata:log:userid'] = 'The person whose result it was.';
$string['privacy:metadata:object'] = 'What was pushed into courses, and by which account.';
$string['privacy:metadata:object:timemodified'] = 'When the object was pushed last.';
$string['privacy:metadata:object:usermodified'] = 'The account that pushed the object last.';
$string['questionmissing'] = 'The question file lacks: {$a->key}';
$string['questionrefused'] = 'Moodle refused the question "{$a->key}", so none was stored: {$a->words}';
$string['quizhasattempts'] = 'The slots of the quiz "{$a->key}" differ, and {$a->n} learners have attempts.';
$string['requirement:met'] = 'Met';
$string['requirement:missing'] = 'Missing';
$string['requirement:spare'] = 'Not needed';
$string['stale'] = '"{$a->key}" is not as it was seen: expected "{$a->expect}", found "{$a->live}". Read the state again.';
$string['task:prunelog'] = 'Delete old lines of the log of lms-sync';
$string['toolong'] = '"{$a->field}" has more than {$a->limit} characters.';
$string['typefixed'] = 'The forum "{$a->key}" is of the type "{$a->got}" and cannot become "{$a->want}".';
$string['underway'] = 'Under way';
$string['underway:approved'] = 'Everything is met and approved; the certificate is about to be issued.';
$string['underway:eligible'] = 'Everything is met; it waits for approval.';
$string['underway:missing'] = 'Requirements still missing: {$a}';
$string['underway:renewal'] = 'Renewal: {$a}';
$string['unknownactivity'] = 'There is no activity with the key "{$a->key}" in this course.';
$string['unknowncategory'] = 'There is no question category with the key "{$a->key}" in this course.';
$string['unknowngroup'] = 'There is no group with the key "{$a->key}" in this course.';
$string['unknownmodule'] = 'Activities of the type "{$a->modname}" cannot be pushed.';
$string['unknownquestion'] = 'There is no question with the key "{$a->key}" in this course that is ready for use.';
$string['unknownstream'] = 'There is no stream "{$a->stream}". Known: {$a->known}';
$string['unknowntag'] = 'No question on this site carries the tag "{$a->tag}".';
$string['wrongfile'] = 'The uploaded file is not the one that was announced: {$a->got} instead of {$a->want}.';
$string['wrongmodule'] = 'The activity "{$a->key}" is of the type {$a->got}, not {$a->want}.';
$string['wrongpackage'] = 'The uploaded file is not the package that was announced: SHA-1 {$a->got} instead of {$a->want}.';
