CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE person (
	id VARCHAR(36) NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, kind VARCHAR(16) DEFAULT 'person' NOT NULL, erased_at DATETIME, 
	CONSTRAINT pk_person PRIMARY KEY (id)
);
CREATE TABLE person_data (
	person_id VARCHAR(36) NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	salt BLOB NOT NULL, 
	idnumber VARCHAR(255), 
	username VARCHAR(255), 
	email VARCHAR(255), 
	given_name VARCHAR(255), 
	family_name VARCHAR(255), 
	gender VARCHAR(32), 
	language VARCHAR(16), 
	CONSTRAINT pk_person_data PRIMARY KEY (person_id), 
	CONSTRAINT uq_person_data_site_idnumber UNIQUE (site, idnumber), 
	CONSTRAINT fk_person_data_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE TABLE account (
	site VARCHAR(64) NOT NULL, 
	user_id BIGINT NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	created_by_us BOOLEAN NOT NULL, 
	matched_by VARCHAR(16) NOT NULL, 
	matched_at DATETIME NOT NULL, 
	CONSTRAINT pk_account PRIMARY KEY (site, user_id), 
	CONSTRAINT fk_account_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE TABLE membership (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	institution VARCHAR(64) NOT NULL, 
	valid_from DATETIME NOT NULL, 
	valid_to DATETIME, 
	CONSTRAINT pk_membership PRIMARY KEY (id), 
	CONSTRAINT fk_membership_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_membership_site_person_id ON membership (site, person_id);
CREATE TABLE run (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	verb VARCHAR(32) NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	outcome VARCHAR(16), 
	summary JSON, 
	CONSTRAINT pk_run PRIMARY KEY (id)
);
CREATE TABLE fact (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	stream VARCHAR(32) NOT NULL, 
	source_id VARCHAR(128) NOT NULL, 
	source_time DATETIME NOT NULL, 
	content_hash VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	course VARCHAR(100) NOT NULL, 
	subject VARCHAR(100) NOT NULL, 
	value JSON NOT NULL, 
	recorded_at DATETIME NOT NULL, 
	run_id BIGINT, 
	CONSTRAINT pk_fact PRIMARY KEY (id), 
	CONSTRAINT uq_fact_site_stream_source_id_source_time_content_hash UNIQUE (site, stream, source_id, source_time, content_hash), 
	CONSTRAINT fk_fact_person_id FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT fk_fact_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
CREATE INDEX ix_fact_site_person_id_course ON fact (site, person_id, course);
CREATE TABLE cursor (
	site VARCHAR(64) NOT NULL, 
	stream VARCHAR(32) NOT NULL, 
	course VARCHAR(100) NOT NULL, 
	since BIGINT NOT NULL, 
	after_id BIGINT NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_cursor PRIMARY KEY (site, stream, course)
);
CREATE TABLE journal (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	run_id BIGINT NOT NULL, 
	step INTEGER NOT NULL, 
	action VARCHAR(16) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	"key" VARCHAR(400) NOT NULL, 
	wanted_hash VARCHAR(80) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	remote_id BIGINT, 
	detail JSON, 
	intent_at DATETIME NOT NULL, 
	sent_at DATETIME, 
	confirmed_at DATETIME, 
	CONSTRAINT pk_journal PRIMARY KEY (id), 
	CONSTRAINT uq_journal_run_id_step UNIQUE (run_id, step), 
	CONSTRAINT fk_journal_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
CREATE TABLE policy_text (
	site VARCHAR(64) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	policy VARCHAR(64) NOT NULL, 
	version INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	first_used_at DATETIME NOT NULL, 
	CONSTRAINT pk_policy_text PRIMARY KEY (site, sha256)
);
CREATE TABLE decision (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	grant_key VARCHAR(64) NOT NULL, 
	policy VARCHAR(64) NOT NULL, 
	policy_version INTEGER NOT NULL, 
	policy_sha256 VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	cycle INTEGER NOT NULL, 
	as_of DATE NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	earned_on DATE, 
	expires_on DATE, 
	why JSON NOT NULL, 
	decided_at DATETIME NOT NULL, base_on DATE, periods INTEGER, way VARCHAR(16), 
	CONSTRAINT pk_decision PRIMARY KEY (id), 
	CONSTRAINT fk_decision_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_decision_site_grant_key ON decision (site, grant_key);
CREATE TABLE approval (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	grant_key VARCHAR(64) NOT NULL, 
	decision_id BIGINT NOT NULL, 
	approved_by VARCHAR(255) NOT NULL, 
	approved_at DATETIME NOT NULL, 
	automatic BOOLEAN NOT NULL, 
	note TEXT, protocol_number VARCHAR(100), legal_basis TEXT, first_by VARCHAR(255), first_at DATETIME, supersedes VARCHAR(36), 
	CONSTRAINT pk_approval PRIMARY KEY (id), 
	CONSTRAINT uq_approval_grant_key UNIQUE (grant_key), 
	CONSTRAINT fk_approval_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id)
);
CREATE TABLE serial_counter (
	site VARCHAR(64) NOT NULL, 
	series VARCHAR(64) NOT NULL, 
	last INTEGER NOT NULL, 
	CONSTRAINT pk_serial_counter PRIMARY KEY (site, series)
);
CREATE TABLE issue (
	id VARCHAR(36) NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	grant_key VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	policy VARCHAR(64) NOT NULL, 
	policy_version INTEGER NOT NULL, 
	series VARCHAR(64) NOT NULL, 
	serial VARCHAR(64) NOT NULL, 
	verification_id VARCHAR(64) NOT NULL, 
	status_list INTEGER NOT NULL, 
	status_index INTEGER NOT NULL, 
	issued_at DATETIME NOT NULL, 
	issued_on DATE NOT NULL, 
	expires_on DATE, 
	public JSON NOT NULL, supersedes VARCHAR(36), 
	CONSTRAINT pk_issue PRIMARY KEY (id), 
	CONSTRAINT uq_issue_site_serial UNIQUE (site, serial), 
	CONSTRAINT uq_issue_site_status_list_status_index UNIQUE (site, status_list, status_index), 
	CONSTRAINT uq_issue_grant_key UNIQUE (grant_key), 
	CONSTRAINT fk_issue_person_id FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT uq_issue_verification_id UNIQUE (verification_id)
);
CREATE TABLE document (
	issue_id VARCHAR(36) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	media_type VARCHAR(64) NOT NULL, 
	content BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_document PRIMARY KEY (issue_id, kind), 
	CONSTRAINT fk_document_issue_id FOREIGN KEY(issue_id) REFERENCES issue (id)
);
CREATE TABLE status_event (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	issue_id VARCHAR(36) NOT NULL, 
	event VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(255) NOT NULL, 
	reason TEXT, successor VARCHAR(36), 
	CONSTRAINT pk_status_event PRIMARY KEY (id), 
	CONSTRAINT fk_status_event_issue_id FOREIGN KEY(issue_id) REFERENCES issue (id)
);
CREATE INDEX ix_status_event_issue_id ON status_event (issue_id);
CREATE TABLE status_list (
	number INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	content BLOB, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_status_list PRIMARY KEY (number)
);
CREATE TABLE applied (
	site VARCHAR(64) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	scope VARCHAR(120) NOT NULL, 
	"key" VARCHAR(400) NOT NULL, 
	fields JSON NOT NULL, 
	hash VARCHAR(80) NOT NULL, 
	run_id BIGINT NOT NULL, 
	applied_at DATETIME NOT NULL, 
	CONSTRAINT pk_applied PRIMARY KEY (site, kind, scope, "key"), 
	CONSTRAINT fk_applied_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
CREATE TABLE replaced (
	run_id BIGINT NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	scope VARCHAR(120) NOT NULL, 
	"key" VARCHAR(400) NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	action VARCHAR(16) NOT NULL, 
	"before" JSON, 
	before_hash VARCHAR(80) NOT NULL, 
	"after" JSON NOT NULL, 
	after_hash VARCHAR(80) NOT NULL, 
	base JSON NOT NULL, 
	CONSTRAINT pk_replaced PRIMARY KEY (run_id, kind, scope, "key"), 
	CONSTRAINT fk_replaced_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
CREATE INDEX ix_replaced_site ON replaced (site);
CREATE TABLE former_name (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	given_name VARCHAR(255), 
	family_name VARCHAR(255), 
	until DATETIME NOT NULL, 
	CONSTRAINT pk_former_name PRIMARY KEY (id), 
	CONSTRAINT fk_former_name_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_former_name_site_person_id ON former_name (site, person_id);
CREATE TABLE same_person (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	same_as VARCHAR(36) NOT NULL, 
	decided_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT pk_same_person PRIMARY KEY (id), 
	CONSTRAINT fk_same_person_person_id FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT fk_same_person_same_as FOREIGN KEY(same_as) REFERENCES person (id)
);
CREATE INDEX ix_same_person_site ON same_person (site);
CREATE TABLE helpdesk_question (
	site VARCHAR(64) NOT NULL, 
	discussion BIGINT NOT NULL, 
	forum VARCHAR(100) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	asked_at DATETIME NOT NULL, 
	changed_at DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	owner VARCHAR(200), 
	due_at DATETIME NOT NULL, 
	answered_at DATETIME, 
	closed_by_hand BOOLEAN NOT NULL, 
	CONSTRAINT pk_helpdesk_question PRIMARY KEY (site, discussion), 
	CONSTRAINT fk_helpdesk_question_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_helpdesk_question_person_id ON helpdesk_question (person_id);
CREATE TABLE decided (
	site VARCHAR(64) NOT NULL, 
	policy VARCHAR(64) NOT NULL, 
	inputs VARCHAR(64) NOT NULL, 
	facts_up_to BIGINT NOT NULL, 
	facts_count BIGINT NOT NULL, 
	facts_hash VARCHAR(64) NOT NULL, 
	approvals_up_to BIGINT NOT NULL, 
	events_up_to BIGINT NOT NULL, 
	decided_on DATE NOT NULL, 
	CONSTRAINT pk_decided PRIMARY KEY (site, policy)
);
CREATE TABLE decided_holder (
	site VARCHAR(64) NOT NULL, 
	policy VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	look_again_on DATE, 
	CONSTRAINT pk_decided_holder PRIMARY KEY (site, policy, person_id), 
	CONSTRAINT fk_decided_holder_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE TABLE first_approval (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	decision_id BIGINT NOT NULL, 
	approved_by VARCHAR(255) NOT NULL, 
	approved_at DATETIME NOT NULL, 
	CONSTRAINT pk_first_approval PRIMARY KEY (id), 
	CONSTRAINT uq_first_approval_decision_id UNIQUE (decision_id), 
	CONSTRAINT fk_first_approval_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id)
);
CREATE TABLE review (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	event_id BIGINT NOT NULL, 
	grant_key VARCHAR(64) NOT NULL, 
	because VARCHAR(16) NOT NULL, 
	opened_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	closed_by VARCHAR(255), 
	outcome TEXT, 
	CONSTRAINT pk_review PRIMARY KEY (id), 
	CONSTRAINT uq_review_event_id_grant_key UNIQUE (event_id, grant_key), 
	CONSTRAINT fk_review_event_id FOREIGN KEY(event_id) REFERENCES status_event (id)
);
CREATE TABLE register_head (
	site VARCHAR(64) NOT NULL, 
	number BIGINT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_register_head PRIMARY KEY (site)
);
CREATE TABLE register_entry (
	site VARCHAR(64) NOT NULL, 
	number BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	commitment VARCHAR(64), 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_register_entry PRIMARY KEY (site, number)
);
CREATE TABLE register_salt (
	issue_id VARCHAR(36) NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	salt BLOB NOT NULL, 
	CONSTRAINT pk_register_salt PRIMARY KEY (issue_id), 
	CONSTRAINT fk_register_salt_issue_id FOREIGN KEY(issue_id) REFERENCES issue (id)
);
CREATE INDEX ix_fact_site_course_stream ON fact (site, course, stream);
CREATE TABLE job_run (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	job VARCHAR(32) NOT NULL, 
	course VARCHAR(100) NOT NULL, 
	due_at DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	asked_at DATETIME NOT NULL, 
	missed INTEGER NOT NULL, 
	starts INTEGER NOT NULL, 
	restarts INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	not_before DATETIME, 
	owner VARCHAR(200), 
	lease_until DATETIME, 
	started_at DATETIME, 
	finished_at DATETIME, 
	covered_by BIGINT, 
	error VARCHAR(100), 
	summary JSON, 
	CONSTRAINT pk_job_run PRIMARY KEY (id), 
	CONSTRAINT uq_job_run_site_job_course_due_at UNIQUE (site, job, course, due_at)
);
CREATE INDEX ix_job_run_state_site ON job_run (state, site);
CREATE TABLE job_state (
	site VARCHAR(64) NOT NULL, 
	job VARCHAR(32) NOT NULL, 
	course VARCHAR(100) NOT NULL, 
	failures INTEGER NOT NULL, 
	failing_since DATETIME, 
	told BOOLEAN NOT NULL, 
	error VARCHAR(100), 
	reason TEXT, 
	done_at DATETIME, 
	done_due_at DATETIME, 
	CONSTRAINT pk_job_state PRIMARY KEY (site, job, course)
);
CREATE TABLE notice (
	id INTEGER NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	job VARCHAR(32) NOT NULL, 
	course VARCHAR(100) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	since DATETIME NOT NULL, 
	error VARCHAR(100), 
	reason TEXT, 
	way VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	tries INTEGER NOT NULL, 
	not_before DATETIME, 
	CONSTRAINT pk_notice PRIMARY KEY (id)
);
CREATE INDEX ix_notice_state ON notice (state);
CREATE TABLE delivery (
	issue_id VARCHAR(36) NOT NULL, 
	site VARCHAR(64) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	tries INTEGER NOT NULL, 
	queued_at DATETIME NOT NULL, 
	not_before DATETIME, 
	changed_at DATETIME NOT NULL, 
	error VARCHAR(200), 
	CONSTRAINT pk_delivery PRIMARY KEY (issue_id), 
	CONSTRAINT fk_delivery_issue_id FOREIGN KEY(issue_id) REFERENCES issue (id)
);
CREATE INDEX ix_delivery_site_state ON delivery (site, state);
CREATE TABLE state (
	site VARCHAR(64) NOT NULL, 
	course VARCHAR(100) NOT NULL, 
	what VARCHAR(16) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	subject VARCHAR(100) NOT NULL, 
	source_id VARCHAR(128) NOT NULL, 
	number INTEGER NOT NULL, 
	valid_from DATETIME NOT NULL, 
	valid_to DATETIME, 
	score FLOAT, 
	institutions JSON, 
	CONSTRAINT pk_state PRIMARY KEY (site, course, what, person_id, subject, source_id, number), 
	CONSTRAINT fk_state_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
 WITHOUT ROWID

;
CREATE TABLE state_mark (
	site VARCHAR(64) NOT NULL, 
	up_to BIGINT NOT NULL, 
	making VARCHAR(36) NOT NULL, 
	CONSTRAINT pk_state_mark PRIMARY KEY (site)
);
CREATE INDEX ix_state_grades ON state (site, course, subject, valid_to, score, person_id, valid_from) WHERE what = 'graded';
INSERT INTO alembic_version (version_num) VALUES ('0013');
