from childgrid_wire.pb import values_pb2 as _values_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Values(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class QueryDraft(_message.Message):
    __slots__ = ("officer", "suspect", "purpose", "sections", "case_reference", "targets", "hours", "rehearsal")
    class SuspectEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Values
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Values, _Mapping]] = ...) -> None: ...
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    SUSPECT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    CASE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    REHEARSAL_FIELD_NUMBER: _ClassVar[int]
    officer: str
    suspect: _containers.MessageMap[str, Values]
    purpose: str
    sections: _containers.RepeatedScalarFieldContainer[str]
    case_reference: str
    targets: _containers.RepeatedScalarFieldContainer[str]
    hours: int
    rehearsal: bool
    def __init__(self, officer: _Optional[str] = ..., suspect: _Optional[_Mapping[str, Values]] = ..., purpose: _Optional[str] = ..., sections: _Optional[_Iterable[str]] = ..., case_reference: _Optional[str] = ..., targets: _Optional[_Iterable[str]] = ..., hours: _Optional[int] = ..., rehearsal: _Optional[bool] = ...) -> None: ...

class RequestDraft(_message.Message):
    __slots__ = ("officer", "query", "holder", "handle", "fields", "justification", "hours", "break_glass")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    JUSTIFICATION_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    BREAK_GLASS_FIELD_NUMBER: _ClassVar[int]
    officer: str
    query: str
    holder: str
    handle: str
    fields: _containers.RepeatedScalarFieldContainer[str]
    justification: str
    hours: int
    break_glass: bool
    def __init__(self, officer: _Optional[str] = ..., query: _Optional[str] = ..., holder: _Optional[str] = ..., handle: _Optional[str] = ..., fields: _Optional[_Iterable[str]] = ..., justification: _Optional[str] = ..., hours: _Optional[int] = ..., break_glass: _Optional[bool] = ...) -> None: ...

class DecisionDraft(_message.Message):
    __slots__ = ("officer", "subject", "approve", "slot", "fields", "reason")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    APPROVE_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    officer: str
    subject: str
    approve: bool
    slot: str
    fields: _containers.RepeatedScalarFieldContainer[str]
    reason: str
    def __init__(self, officer: _Optional[str] = ..., subject: _Optional[str] = ..., approve: _Optional[bool] = ..., slot: _Optional[str] = ..., fields: _Optional[_Iterable[str]] = ..., reason: _Optional[str] = ...) -> None: ...

class ViewDraft(_message.Message):
    __slots__ = ("officer", "object", "subject")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    officer: str
    object: str
    subject: str
    def __init__(self, officer: _Optional[str] = ..., object: _Optional[str] = ..., subject: _Optional[str] = ...) -> None: ...

class BudgetDraft(_message.Message):
    __slots__ = ("officer", "scope", "subject", "queries", "hours")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    officer: str
    scope: str
    subject: str
    queries: int
    hours: int
    def __init__(self, officer: _Optional[str] = ..., scope: _Optional[str] = ..., subject: _Optional[str] = ..., queries: _Optional[int] = ..., hours: _Optional[int] = ...) -> None: ...

class ReviewDraft(_message.Message):
    __slots__ = ("officer", "request", "justified")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    JUSTIFIED_FIELD_NUMBER: _ClassVar[int]
    officer: str
    request: str
    justified: bool
    def __init__(self, officer: _Optional[str] = ..., request: _Optional[str] = ..., justified: _Optional[bool] = ...) -> None: ...

class OutcomeDraft(_message.Message):
    __slots__ = ("officer", "request", "disposal", "cnr")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    DISPOSAL_FIELD_NUMBER: _ClassVar[int]
    CNR_FIELD_NUMBER: _ClassVar[int]
    officer: str
    request: str
    disposal: str
    cnr: str
    def __init__(self, officer: _Optional[str] = ..., request: _Optional[str] = ..., disposal: _Optional[str] = ..., cnr: _Optional[str] = ...) -> None: ...

class PurgeDraft(_message.Message):
    __slots__ = ("officer", "outcome", "out")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    officer: str
    outcome: str
    out: bool
    def __init__(self, officer: _Optional[str] = ..., outcome: _Optional[str] = ..., out: _Optional[bool] = ...) -> None: ...

class SittingDraft(_message.Message):
    __slots__ = ("officer", "minutes")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    MINUTES_FIELD_NUMBER: _ClassVar[int]
    officer: str
    minutes: int
    def __init__(self, officer: _Optional[str] = ..., minutes: _Optional[int] = ...) -> None: ...

class CandidateDraft(_message.Message):
    __slots__ = ("officer", "query", "holder", "handle", "verdict", "other_holder", "other_handle")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    OTHER_HOLDER_FIELD_NUMBER: _ClassVar[int]
    OTHER_HANDLE_FIELD_NUMBER: _ClassVar[int]
    officer: str
    query: str
    holder: str
    handle: str
    verdict: str
    other_holder: str
    other_handle: str
    def __init__(self, officer: _Optional[str] = ..., query: _Optional[str] = ..., holder: _Optional[str] = ..., handle: _Optional[str] = ..., verdict: _Optional[str] = ..., other_holder: _Optional[str] = ..., other_handle: _Optional[str] = ...) -> None: ...

class DeputyDraft(_message.Message):
    __slots__ = ("officer", "delegate", "hours", "at_once")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    DELEGATE_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    AT_ONCE_FIELD_NUMBER: _ClassVar[int]
    officer: str
    delegate: str
    hours: int
    at_once: bool
    def __init__(self, officer: _Optional[str] = ..., delegate: _Optional[str] = ..., hours: _Optional[int] = ..., at_once: _Optional[bool] = ...) -> None: ...

class DraftRequest(_message.Message):
    __slots__ = ("query", "request", "decision", "view", "budget", "review", "sitting", "outcome", "purge", "candidate", "deputy")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    SITTING_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PURGE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    DEPUTY_FIELD_NUMBER: _ClassVar[int]
    query: QueryDraft
    request: RequestDraft
    decision: DecisionDraft
    view: ViewDraft
    budget: BudgetDraft
    review: ReviewDraft
    sitting: SittingDraft
    outcome: OutcomeDraft
    purge: PurgeDraft
    candidate: CandidateDraft
    deputy: DeputyDraft
    def __init__(self, query: _Optional[_Union[QueryDraft, _Mapping]] = ..., request: _Optional[_Union[RequestDraft, _Mapping]] = ..., decision: _Optional[_Union[DecisionDraft, _Mapping]] = ..., view: _Optional[_Union[ViewDraft, _Mapping]] = ..., budget: _Optional[_Union[BudgetDraft, _Mapping]] = ..., review: _Optional[_Union[ReviewDraft, _Mapping]] = ..., sitting: _Optional[_Union[SittingDraft, _Mapping]] = ..., outcome: _Optional[_Union[OutcomeDraft, _Mapping]] = ..., purge: _Optional[_Union[PurgeDraft, _Mapping]] = ..., candidate: _Optional[_Union[CandidateDraft, _Mapping]] = ..., deputy: _Optional[_Union[DeputyDraft, _Mapping]] = ...) -> None: ...

class DraftResponse(_message.Message):
    __slots__ = ("payload", "payload_type")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_TYPE_FIELD_NUMBER: _ClassVar[int]
    payload: str
    payload_type: str
    def __init__(self, payload: _Optional[str] = ..., payload_type: _Optional[str] = ...) -> None: ...

class SignRequest(_message.Message):
    __slots__ = ("statement",)
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    statement: _values_pb2.Envelope
    def __init__(self, statement: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ...) -> None: ...

class SignResponse(_message.Message):
    __slots__ = ("hash", "sitting")
    HASH_FIELD_NUMBER: _ClassVar[int]
    SITTING_FIELD_NUMBER: _ClassVar[int]
    hash: str
    sitting: str
    def __init__(self, hash: _Optional[str] = ..., sitting: _Optional[str] = ...) -> None: ...

class Reading(_message.Message):
    __slots__ = ("sitting", "object", "subject", "page")
    SITTING_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    sitting: str
    object: str
    subject: str
    page: int
    def __init__(self, sitting: _Optional[str] = ..., object: _Optional[str] = ..., subject: _Optional[str] = ..., page: _Optional[int] = ...) -> None: ...

class LookRequest(_message.Message):
    __slots__ = ("view", "wait_ms", "reading")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    READING_FIELD_NUMBER: _ClassVar[int]
    view: _values_pb2.Envelope
    wait_ms: int
    reading: Reading
    def __init__(self, view: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., wait_ms: _Optional[int] = ..., reading: _Optional[_Union[Reading, _Mapping]] = ...) -> None: ...

class LookResponse(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: str
    def __init__(self, document: _Optional[str] = ...) -> None: ...

class RiseRequest(_message.Message):
    __slots__ = ("sitting",)
    SITTING_FIELD_NUMBER: _ClassVar[int]
    sitting: str
    def __init__(self, sitting: _Optional[str] = ...) -> None: ...

class RiseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GreetRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GreetResponse(_message.Message):
    __slots__ = ("member", "grid", "kind")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    GRID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    member: str
    grid: str
    kind: str
    def __init__(self, member: _Optional[str] = ..., grid: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...
