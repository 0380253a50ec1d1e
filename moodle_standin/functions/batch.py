"""tool_mobile_call_external_functions: several calls in one request; the list of answers ends at the first
failure.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from moodle_standin.answers import to_json
from moodle_standin.errors import MoodleError
from moodle_standin.functions import registry
from moodle_standin.functions.registry import serves
from moodle_standin.site import Call


@serves("tool_mobile_call_external_functions")
def call_external_functions(call: Call, params: dict[str, Any]) -> Any:
    """Earlier calls stay committed, later ones are not run; arguments and answers are JSON inside JSON."""
    service = call.site.services[call.token.service]
    responses: list[dict[str, Any]] = []
    for request in params["requests"]:
        try:
            arguments = json.loads(request["arguments"])
        except ValueError:
            arguments = {}
        if not isinstance(arguments, dict):
            arguments = {}
        name = request["function"]
        if name not in service.functions:
            refusal = {"errorcode": "accessexception", "module": "webservice"}
            responses.append({"error": True, "exception": to_json(refusal)})
            break
        try:
            inner = replace(
                call,
                function=name,
                raw=request["settingraw"],
                filter=request["settingfilter"],
                lang=request["settinglang"] or call.lang,
            )
            responses.append({"error": False, "data": to_json(registry.run(inner, arguments))})
        except MoodleError as error:
            details: dict[str, Any] = {
                "message": error.message,
                "errorcode": error.errorcode,
                "link": f"{call.site.settings.url}/",
                "moreinfourl": f"https://docs.moodle.org/405/en/error/moodle/{error.errorcode}",
            }
            if call.site.settings.debug and error.debuginfo:
                details["debuginfo"] = error.debuginfo
            responses.append({"error": True, "exception": to_json(details)})
            break
    return {"responses": responses}
