"""The 429 of Adobe Pass: an HTML page of its gateway, not JSON, with the headers of Adobe's sample.

Source: Throttling mechanism, API response changes and response.
"""

from __future__ import annotations

import hashlib
from email.utils import formatdate

from starlette.responses import Response

_PAGE = (
    "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n"
    "<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"
)
_COOKIE_LIFETIME_S = 7 * 86_400


def throttled_response(now_ms: int) -> Response:
    """Return 429 as openresty sends it; ``now_ms`` is the time of the response (ms since the epoch)."""
    response = Response(_PAGE, 429, {"content-type": "text/html", "server": "openresty"})
    response.headers["p3p"] = 'CP="NOI DSP COR CURa ADMa DEVa OUR BUS IND UNI COM NAV STA"'
    # The session cookies (stickiness) of the load balancer, with an opaque value.
    sticky = hashlib.sha256(str(now_ms).encode()).hexdigest()
    expires = formatdate(now_ms / 1000 + _COOKIE_LIFETIME_S, usegmt=True)
    response.headers.append("set-cookie", f"AWSALB={sticky}; Expires={expires}; Path=/")
    response.headers.append("set-cookie", f"AWSALBCORS={sticky}; Expires={expires}; Path=/; SameSite=None; Secure")
    return response
