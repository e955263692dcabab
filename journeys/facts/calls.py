"""One call as a sender spells it, read into what it says or refused with a reason (4.1)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from journeys.facts import times
from journeys.people import Call, Kind, Problem, canonical, clean_account, clean_contact

LONGEST_ID = 200
KINDS: Mapping[str, Kind] = {
    "identify": Kind.IDENTIFY,
    "group": Kind.GROUP,
    "alias": Kind.ALIAS,
    "track": Kind.FACT,
    "page": Kind.FACT,
    "screen": Kind.FACT,
}
# What scripts write when they have nobody.
NOBODY = {"undefined", "null", "none", "nan", "[object object]"}
# Differ from one attempt to the next of the same call.
OF_THE_ATTEMPT = ("sentAt", "_metadata", "writeKey")

# What a call may say: ours, and what Segment's SDKs send along.
FIELDS = frozenset(
    [
        "type",
        "messageId",
        "userId",
        "anonymousId",
        "groupId",
        "previousId",
        "event",
        "name",
        "category",
        "properties",
        "traits",
        "context",
        "timestamp",
        "originalTimestamp",
        "sentAt",
        "receivedAt",
        "integrations",
        "options",
        "channel",
        "version",
        "projectId",
        "writeKey",
        "_metadata",
        "_sourceMetadata",
    ]
)


class Refused(Exception):
    """A call that is not taken: a code for machines, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Read:
    """A call that can be taken. `body` is what a later one under the same id is compared with."""

    call: Call
    message_id: str
    body: str
    anonymous_id: str = ""
    name: str = ""
    product: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)

    def of(self, user_id: str) -> Read:
        """The same, about somebody who by now has a user id."""
        return replace(self, call=replace(self.call, user_id=user_id), anonymous_id="")


def read(raw: Any, received_at: datetime, behind: timedelta = timedelta(0)) -> Read:
    """Read one call; Refused when it cannot be taken. `behind`: see times.skew."""
    if not isinstance(raw, dict):
        raise Refused("bad_item", _("A call must be an object."))
    kind = KINDS.get(raw["type"]) if isinstance(raw.get("type"), str) else None
    if kind is None:
        raise Refused("bad_type", _("type must be one of %(types)s.") % {"types": ", ".join(KINDS)})
    if "sentAt" in raw:
        behind = times.skew(raw["sentAt"], received_at)
    moment, flags = _moment(raw, received_at, behind)
    context = _mapping(raw, "context")
    traits, problems = _traits(raw, kind)
    user_id, anonymous_id = _who(raw, kind)
    product, more = _product(context)
    call = Call(
        kind=kind,
        at=moment,
        user_id=user_id,
        account=_account(raw, kind, context),
        traits=traits,
        previous_id=_id(raw.get("previousId"), "previousId") if kind is Kind.ALIAS else "",
    )
    return Read(
        call=call,
        message_id=_message_id(raw),
        body=_hash(raw),
        anonymous_id=anonymous_id,
        name=_name(raw) if kind is Kind.FACT else "",
        product=product,
        properties=_properties(raw) if kind is Kind.FACT else {},
        flags=tuple(flags),
        problems=(*problems, *more, *_unknown(raw)),
        raw=raw,
    )


def check(raw: Any, received_at: datetime) -> tuple[Problem, ...]:
    """What would be left out of a call; Refused when it would not be taken at all."""
    return read(raw, received_at).problems


def _hash(raw: Mapping[str, Any]) -> str:
    body = {key: value for key, value in raw.items() if key not in OF_THE_ATTEMPT}
    return hashlib.sha256(canonical(body)).hexdigest()


def _message_id(raw: Mapping[str, Any]) -> str:
    """The sender's id; without one nothing can be recognised as the same call again."""
    given = raw.get("messageId")
    if given is None:
        return f"none-{uuid.uuid4()}"
    if not isinstance(given, (str, int)) or isinstance(given, bool):
        raise Refused("bad_message_id", _("messageId must be a text."))
    if not 0 < len(str(given)) <= LONGEST_ID:
        raise Refused(
            "bad_message_id", _("messageId must have 1 to %(n)d characters.") % {"n": LONGEST_ID}
        )
    return str(given)


def _moment(
    raw: Mapping[str, Any], received_at: datetime, behind: timedelta
) -> tuple[datetime, list[str]]:
    try:
        return times.occurred(raw.get("timestamp"), received_at, behind)
    except times.BadTime:
        raise Refused(
            "bad_time", _("timestamp is not a moment such as 2026-05-11T10:00:00+09:00.")
        ) from None


def _mapping(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise Refused(f"bad_{name}", _("%(name)s must be an object.") % {"name": name})


def _id(value: Any, name: str) -> str:
    """An identifier; a number is read as its text."""
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text.strip() or len(text) > LONGEST_ID or text.strip().lower() in NOBODY:
        raise Refused("bad_identity", _("%(name)s is nobody's identifier.") % {"name": name})
    return text


def _who(raw: Mapping[str, Any], kind: Kind) -> tuple[str, str]:
    user, anonymous = raw.get("userId"), raw.get("anonymousId")
    anonymous_id = "" if anonymous is None else _id(anonymous, "anonymousId")
    if user is None and anonymous_id and kind is not Kind.ALIAS:
        return "", anonymous_id
    if "userId" in raw:
        return _id(user, "userId"), anonymous_id
    raise Refused("no_identity", _("A call needs a userId or an anonymousId."))


def _account(raw: Mapping[str, Any], kind: Kind, context: Mapping[str, Any]) -> str:
    if kind is Kind.GROUP:
        return _id(raw.get("groupId"), "groupId")
    given = context.get("groupId")
    return "" if given is None else _id(given, "context.groupId")


def _product(context: Mapping[str, Any]) -> tuple[str, list[Problem]]:
    given = context.get("product")
    if given is None or (isinstance(given, str) and len(given.strip()) <= 100):
        return (given or "").strip(), []
    message = _("context.product must be a product's key.")
    return "", [Problem("bad_product", "context.product", message)]


def _unknown(raw: Mapping[str, Any]) -> list[Problem]:
    """Fields nobody reads: likely a mistake in writing, and no reason to refuse a call (R104)."""
    return [
        Problem("unknown_field", name[:50], _("%s is not a field of a call.") % name[:50])
        for name in sorted(raw.keys() - FIELDS)
    ]


_CLEAN: Mapping[Kind, Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[Problem]]]] = {
    Kind.IDENTIFY: clean_contact,
    Kind.GROUP: clean_account,
}


def _traits(raw: Mapping[str, Any], kind: Kind) -> tuple[Mapping[str, Any], list[Problem]]:
    clean = _CLEAN.get(kind)
    return clean(_mapping(raw, "traits")) if clean else ({}, [])


def _name(raw: Mapping[str, Any]) -> str:
    """The fact's name: a track call's event; page and screen calls are facts of that name."""
    if raw["type"] != "track":
        return str(raw["type"])
    name = raw.get("event")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_ID:
        raise Refused("bad_event", _("event must be the name of what happened."))
    if name.startswith("$"):
        raise Refused("bad_event", _("Names of events do not begin with $."))
    return name


def _properties(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = _mapping(raw, "properties")
    if raw["type"] == "track":
        return properties
    said = {name: raw[name] for name in ("name", "category") if isinstance(raw.get(name), str)}
    return {**said, **properties}
