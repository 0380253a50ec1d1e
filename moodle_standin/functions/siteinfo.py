"""core_webservice: what a token is told about the site and itself."""

from __future__ import annotations

from typing import Any

from moodle_standin.functions.registry import serves
from moodle_standin.site import MOODLE_VERSION, Call

_FEATURES = {
    "usecomments": 1,
    "usetags": 1,
    "enablenotes": 1,
    "messaging": 1,
    "enableblogs": 1,
    "enablecompletion": 1,
    "enablebadges": 1,
    "messagingallusers": 0,
    "enablecustomreports": 1,
    "enableglobalsearch": 0,
    "mnet_dispatcher_mode": 0,
    "enablecompetencies": 1,
}


@serves("core_webservice_get_site_info")
def get_site_info(call: Call, _params: dict[str, Any]) -> Any:
    """Release, the functions of the token's service, and a secret key of the user that nobody should log."""
    site, user = call.site, call.user
    service = site.services[call.token.service]
    return {
        "sitename": site.settings.name,
        "username": user.username,
        "firstname": user.firstname,
        "lastname": user.lastname,
        "fullname": user.fullname,
        "lang": user.lang,
        "userid": user.id,
        "siteurl": site.settings.url,
        "userpictureurl": f"{site.settings.url}/theme/image.php/boost/core/1/u/f1",
        "functions": [
            {
                "name": name,
                "version": str(site.settings.plugin_version)
                if name.startswith("local_lmssync")
                else MOODLE_VERSION,
            }
            for name in site.shuffled(sorted(service.functions))
        ],
        "downloadfiles": 1,
        "uploadfiles": int(service.uploadfiles),
        "release": site.settings.release,
        "version": MOODLE_VERSION,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": k, "value": v} for k, v in _FEATURES.items()],
        "usercanmanageownfiles": True,
        "userquota": 0,
        "usermaxuploadfilesize": site.settings.upload_max_filesize,
        "userhomepage": 1,
        "userprivateaccesskey": f"standin{user.id}key",
        "siteid": 1,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": user.is_admin,
        "theme": "boost",
        "limitconcurrentlogins": 0,
        "policyagreed": 0,
    }
