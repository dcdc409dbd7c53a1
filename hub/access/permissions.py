"""Who may do what: the one matrix of roles and permissions. What stands nowhere in it is denied."""

from enum import StrEnum


class Permission(StrEnum):
    """`resource:action`."""

    SUBMIT_ACTIVATION = "activation:submit"
    READ_REQUEST = "request:read"
    READ_WARRANTY = "warranty:read"
    SEND_MEDIA = "media:send"
    """Send pictures and papers about a warranty."""
    READ_MEDIA = "media:read"
    """Look at what was sent."""
    READ_PROOF = "proof:read"
    OFFER_PROOF = "proof:offer"
    """Show that a unit was bought, or give out a token by which a customer may."""
    DECIDE_PROOF = "proof:decide"
    """Accept or refuse what somebody else offered."""
    READ_COVERAGE = "coverage:read"
    """Ask whether a serial is covered; whose it is hears only who may read warranties."""
    ATTACH_SERIAL = "serial:attach"
    """Tell the serial of a unit that was sold without one."""
    TRANSFER_OWNERSHIP = "ownership:transfer"
    """Report that a unit has a new owner, where its policy lets cover go on."""
    READ_TRACE = "trace:read"
    READ_AUDIT = "audit:read"
    VERIFY_AUDIT = "audit:verify"
    SAMPLE_AUDIT = "audit:sample"
    """Draw the monthly sample."""
    REVIEW_AUDIT = "audit:review"
    """Say what was found of a sampled record; nobody reviews what he had a part in."""
    READ_ITEM = "item:read"
    STEER_ITEM = "item:steer"
    """Have items tried, held, released or ended, and write notes about them."""
    OPEN_ITEM = "item:open"
    """Look at a sealed payload."""
    EDIT_ITEM = "item:edit"
    READ_ENDPOINT = "endpoint:read"
    CHANGE_ENDPOINT = "endpoint:change"
    """Add, change, test and end endpoints, and give them new secrets."""
    READ_DELIVERY = "delivery:read"
    REPLAY_DELIVERY = "delivery:replay"
    """Have what was sent sent again."""
    READ_SELF = "self:read"
    """Hear who one is, and what one may do."""
    END_SESSION = "session:end"
    """One's own."""
    READ_PERSON = "person:read"
    MANAGE_PERSON = "person:manage"
    """Invite people, change their roles, end their access."""
    READ_KEY = "key:read"
    MANAGE_KEY = "key:manage"
    """Give out keys and end them."""
    ERASE_PERSON = "privacy:erase"
    """Have somebody forgotten."""
    EXPORT_PERSON = "privacy:export"
    """Be given everything that is kept of somebody."""
    READ_PRODUCT = "product:read"
    """Products, categories and stock."""
    DESCRIBE_PRODUCT = "product:describe"
    """And their categories."""
    READ_POLICY = "policy:read"
    PUBLISH_POLICY = "policy:publish"
    READ_SETUP = "setup:read"
    CHANGE_SETUP = "setup:change"
    """Publish the map of setting up; which area may differ, the map itself says."""
    GO_LIVE = "tenant:go_live"
    CHANGE_STATUS = "status:change"
    """End or reinstate a warranty, or propose it: the map of setting up says which of the two."""
    READ_PROPOSAL = "proposal:read"
    DECIDE_PROPOSAL = "proposal:decide"
    """Of those that the map lets this role decide."""
    USE_OVERRIDE = "override:use"
    """Within the allowance that the policy `override` gives this role."""
    READ_CUSTOMER = "customer:read"
    """With name, addresses and what they bought."""
    MERGE_CUSTOMER = "customer:merge"
    """Say that two customers are one, and take that back."""
    SUBMIT_CLAIM = "claim:submit"
    """File claims, add what they lack, answer what was asked, withdraw them."""
    READ_CLAIM = "claim:read"
    """And what was asked of others for them; internal notes only with `claim:explain`."""
    DECIDE_CLAIM = "claim:decide"
    """Review, ask, approve, deny, settle evidence and close; approvals within the policy `approval`."""
    NOTE_CLAIM = "claim:note"
    """Write internal notes, which never leave."""
    EXPLAIN_CLAIM = "claim:explain"
    """Read everything that led to where a claim stands, internal notes too."""
    POST_COST = "cost:post"
    """Tell what a claim costs or brings back."""
    VERIFY_COST = "cost:verify"
    """Say that a posting is right; nobody verifies what he posted himself."""
    REPORT_EFFECT = "effect:report"
    """Tell how far a replacement, repair, refund, recovery or write-off is."""


class Role(StrEnum):
    """What somebody is to a merchant, or to the platform."""

    OWNER = "owner"
    WARRANTY_MANAGER = "warranty_manager"
    FINANCE_USER = "finance_user"
    SALES_STAFF = "sales_staff"
    SYSTEM_ADMIN = "system_admin"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    INTEGRATION = "integration"
    """A system of the merchant's, by its key."""
    OPERATOR = "operator"
    """The platform's own people look after the hub; they report nothing and own nothing."""

    def may(self, permission: Permission) -> bool:
        """Whether this role has this permission."""
        return permission in MATRIX[self]


_ANYBODY = frozenset({Permission.READ_SELF, Permission.END_SESSION})
_SHOW = frozenset({Permission.SEND_MEDIA, Permission.OFFER_PROOF})
_PROVE = frozenset({Permission.READ_MEDIA, Permission.DECIDE_PROOF})
_ASK = _ANYBODY | {Permission.READ_COVERAGE}
_READ = _ASK | {
    Permission.READ_WARRANTY,
    Permission.READ_REQUEST,
    Permission.READ_TRACE,
    Permission.READ_PRODUCT,
    Permission.READ_PROOF,
}
_REPORT = frozenset(
    {Permission.SUBMIT_ACTIVATION, Permission.ATTACH_SERIAL, Permission.TRANSFER_OWNERSHIP}
)
_LOOK = _READ | {Permission.READ_AUDIT}
_ITEMS = frozenset(
    {Permission.READ_ITEM, Permission.STEER_ITEM, Permission.OPEN_ITEM, Permission.EDIT_ITEM}
)
_DELIVERIES = frozenset(
    {Permission.READ_ENDPOINT, Permission.READ_DELIVERY, Permission.REPLAY_DELIVERY}
)
_ENDPOINTS = _DELIVERIES | {Permission.CHANGE_ENDPOINT}
_ACCESS = frozenset({Permission.READ_PERSON, Permission.READ_KEY})

_PRIVACY = frozenset({Permission.ERASE_PERSON, Permission.EXPORT_PERSON})
_CHECK = frozenset({Permission.VERIFY_AUDIT, Permission.SAMPLE_AUDIT})
_REVIEW = frozenset({Permission.REVIEW_AUDIT})

_READ_RULES = frozenset({Permission.READ_POLICY, Permission.READ_SETUP})
_RULES = _READ_RULES | {Permission.CHANGE_SETUP}

_BY_HAND = frozenset(
    {Permission.CHANGE_STATUS, Permission.READ_PROPOSAL, Permission.DECIDE_PROPOSAL}
)

_CUSTOMERS = frozenset({Permission.READ_CUSTOMER, Permission.MERGE_CUSTOMER})

_CLAIMS = frozenset({Permission.READ_CLAIM, Permission.EXPLAIN_CLAIM})
_CLAIM_NOTES = _CLAIMS | {Permission.NOTE_CLAIM}
_DECIDE_CLAIMS = _CLAIM_NOTES | {Permission.DECIDE_CLAIM}
_TELL_CLAIMS = frozenset({Permission.POST_COST, Permission.REPORT_EFFECT})

MATRIX: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _LOOK
    | _PROVE
    | _ACCESS
    | _CHECK
    | _REVIEW
    | _PRIVACY
    | _RULES
    | _BY_HAND
    | _ENDPOINTS
    | _CUSTOMERS
    | _DECIDE_CLAIMS
    | {Permission.READ_ITEM, Permission.MANAGE_PERSON, Permission.MANAGE_KEY}
    | {Permission.PUBLISH_POLICY, Permission.GO_LIVE, Permission.USE_OVERRIDE}
    | {Permission.DESCRIBE_PRODUCT, Permission.VERIFY_COST},
    Role.WARRANTY_MANAGER: _LOOK
    | _SHOW
    | _PROVE
    | _REVIEW
    | _RULES
    | _BY_HAND
    | _REPORT
    | _CUSTOMERS
    | _DECIDE_CLAIMS
    | _TELL_CLAIMS
    | {Permission.SUBMIT_CLAIM}
    | {Permission.READ_ITEM, Permission.USE_OVERRIDE, Permission.DESCRIBE_PRODUCT},
    Role.FINANCE_USER: _LOOK
    | _REVIEW
    | _RULES
    | _BY_HAND
    | _DECIDE_CLAIMS
    | _TELL_CLAIMS
    | {Permission.USE_OVERRIDE, Permission.READ_MEDIA, Permission.VERIFY_COST},
    Role.SALES_STAFF: _READ
    | _SHOW
    | _RULES
    | _BY_HAND
    | _REPORT
    | _CLAIM_NOTES
    | {Permission.READ_CUSTOMER, Permission.SUBMIT_CLAIM},
    Role.SYSTEM_ADMIN: _LOOK
    | _ITEMS
    | _ENDPOINTS
    | _ACCESS
    | _CHECK
    | _RULES
    | _CLAIMS
    | {Permission.MANAGE_KEY, Permission.READ_PROPOSAL, Permission.DESCRIBE_PRODUCT},
    Role.CUSTOMER: _ASK,
    Role.SUPPLIER: _ASK,
    Role.INTEGRATION: _READ
    | _SHOW
    | _READ_RULES
    | _REPORT
    | _TELL_CLAIMS
    | {Permission.DESCRIBE_PRODUCT, Permission.SUBMIT_CLAIM, Permission.READ_CLAIM},
    Role.OPERATOR: _ANYBODY
    | _ITEMS
    | _DELIVERIES
    | _CHECK
    | {Permission.READ_TRACE, Permission.READ_AUDIT},
}

STAFF = (
    *(Role.OWNER, Role.WARRANTY_MANAGER, Role.FINANCE_USER, Role.SALES_STAFF, Role.SYSTEM_ADMIN),
)
"""Who works for a merchant."""
PERSONS = (*STAFF, Role.CUSTOMER, Role.SUPPLIER)
"""Whom a merchant may invite."""
SYSTEMS = (Role.INTEGRATION, Role.SYSTEM_ADMIN, Role.SUPPLIER)
"""What a key of a merchant may be: nothing that decides in place of a person."""
