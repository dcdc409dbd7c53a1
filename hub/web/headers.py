"""What every answer of ours tells a browser: run and show nothing but what comes from here."""

from types import MappingProxyType

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
)
PRIVATE = MappingProxyType({**HEADERS, "Cache-Control": "no-store"})
FOR_EVER = MappingProxyType({**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})
"""For what carries its own hash in its address."""
