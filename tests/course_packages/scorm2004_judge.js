/* scorm-again's run-time for SCORM 2004 behind a wrapper that logs every call with its answer and error.
 *
 * `judge2004(stored)` begins with what an earlier session left; `values` is what was set in this one, and
 * `committed` that as of the last commit that was answered with "true". */
import { Scorm2004API } from "/scorm2004.min.js";

const NONE = 5;

export function judge2004(stored) {
  const real = new Scorm2004API({ autocommit: false, logLevel: NONE });
  const beginning = { "cmi.learner_id": "learner-1", "cmi.learner_name": "Hoxha, Arta", "cmi.entry": "ab-initio" };
  real.loadFromFlattenedJSON(Object.assign(beginning, stored));
  const judge = { log: [], values: Object.assign({}, stored), committed: null };
  const functions = ["Initialize", "Terminate", "GetValue", "SetValue", "Commit"];
  functions.forEach((name) => {
    judge[name] = (...args) => {
      const answer = real[name](...args);
      const error = String(real.GetLastError());
      judge.log.push({ call: name, args: args, answer: answer, error: error });
      if (typeof answer !== "string") {
        judge.log.push({ call: name, args: args, answer: "the judge itself broke the standard", error: "-1" });
      }
      if (name === "SetValue" && answer === "true") {
        judge.values[args[0]] = args[1];
      }
      if ((name === "Commit" || name === "Terminate") && answer === "true") {
        judge.committed = Object.assign({}, judge.values);
      }
      return answer;
    };
  });
  ["GetLastError", "GetErrorString", "GetDiagnostic"].forEach((name) => {
    judge[name] = (...args) => real[name](...args);
  });
  return judge;
}
