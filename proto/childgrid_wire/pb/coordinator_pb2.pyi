from childgrid_wire.pb import values_pb2 as _values_pb2
from childgrid_wire.pb import witness_pb2 as _witness_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TargetState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TARGET_STATE_UNSPECIFIED: _ClassVar[TargetState]
    TARGET_STATE_ASKED: _ClassVar[TargetState]
    TARGET_STATE_HIT: _ClassVar[TargetState]
    TARGET_STATE_NO_HIT: _ClassVar[TargetState]
    TARGET_STATE_OFFLINE: _ClassVar[TargetState]
    TARGET_STATE_TIMED_OUT: _ClassVar[TargetState]
    TARGET_STATE_REFUSED: _ClassVar[TargetState]
    TARGET_STATE_EXPIRED: _ClassVar[TargetState]
TARGET_STATE_UNSPECIFIED: TargetState
TARGET_STATE_ASKED: TargetState
TARGET_STATE_HIT: TargetState
TARGET_STATE_NO_HIT: TargetState
TARGET_STATE_OFFLINE: TargetState
TARGET_STATE_TIMED_OUT: TargetState
TARGET_STATE_REFUSED: TargetState
TARGET_STATE_EXPIRED: TargetState

class SubmitRequest(_message.Message):
    __slots__ = ("query", "attestation", "approvals", "contents")
    class ContentsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _values_pb2.Sealed
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_values_pb2.Sealed, _Mapping]] = ...) -> None: ...
    QUERY_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    CONTENTS_FIELD_NUMBER: _ClassVar[int]
    query: _values_pb2.Envelope
    attestation: _values_pb2.Envelope
    approvals: _containers.RepeatedCompositeFieldContainer[_values_pb2.Envelope]
    contents: _containers.MessageMap[str, _values_pb2.Sealed]
    def __init__(self, query: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., attestation: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., approvals: _Optional[_Iterable[_Union[_values_pb2.Envelope, _Mapping]]] = ..., contents: _Optional[_Mapping[str, _values_pb2.Sealed]] = ...) -> None: ...

class SubmitResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OutcomeRequest(_message.Message):
    __slots__ = ("query", "revision", "wait_ms")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    query: str
    revision: int
    wait_ms: int
    def __init__(self, query: _Optional[str] = ..., revision: _Optional[int] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class TargetOutcome(_message.Message):
    __slots__ = ("member", "state", "since", "reason", "answer")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    member: str
    state: TargetState
    since: int
    reason: str
    answer: _values_pb2.Envelope
    def __init__(self, member: _Optional[str] = ..., state: _Optional[_Union[TargetState, str]] = ..., since: _Optional[int] = ..., reason: _Optional[str] = ..., answer: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ...) -> None: ...

class RankedCandidate(_message.Message):
    __slots__ = ("member", "handle", "rank", "probability", "band")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    member: str
    handle: str
    rank: int
    probability: int
    band: str
    def __init__(self, member: _Optional[str] = ..., handle: _Optional[str] = ..., rank: _Optional[int] = ..., probability: _Optional[int] = ..., band: _Optional[str] = ...) -> None: ...

class OutcomeResponse(_message.Message):
    __slots__ = ("revision", "targets", "candidates", "complete")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    revision: int
    targets: _containers.RepeatedCompositeFieldContainer[TargetOutcome]
    candidates: _containers.RepeatedCompositeFieldContainer[RankedCandidate]
    complete: bool
    def __init__(self, revision: _Optional[int] = ..., targets: _Optional[_Iterable[_Union[TargetOutcome, _Mapping]]] = ..., candidates: _Optional[_Iterable[_Union[RankedCandidate, _Mapping]]] = ..., complete: _Optional[bool] = ...) -> None: ...

class SendRequest(_message.Message):
    __slots__ = ("statement", "content", "proof")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    statement: _values_pb2.Envelope
    content: _values_pb2.Sealed
    proof: _values_pb2.Proof
    def __init__(self, statement: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., content: _Optional[_Union[_values_pb2.Sealed, _Mapping]] = ..., proof: _Optional[_Union[_values_pb2.Proof, _Mapping]] = ...) -> None: ...

class SendResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReceiveRequest(_message.Message):
    __slots__ = ("cursor", "wait_ms", "board")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    BOARD_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    wait_ms: int
    board: int
    def __init__(self, cursor: _Optional[int] = ..., wait_ms: _Optional[int] = ..., board: _Optional[int] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("cursor", "statement", "content", "proof")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    statement: _values_pb2.Envelope
    content: _values_pb2.Sealed
    proof: _values_pb2.Proof
    def __init__(self, cursor: _Optional[int] = ..., statement: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., content: _Optional[_Union[_values_pb2.Sealed, _Mapping]] = ..., proof: _Optional[_Union[_values_pb2.Proof, _Mapping]] = ...) -> None: ...

class ReceiveResponse(_message.Message):
    __slots__ = ("items", "cursor", "board")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    BOARD_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    cursor: int
    board: int
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., cursor: _Optional[int] = ..., board: _Optional[int] = ...) -> None: ...

class WitnessRequest(_message.Message):
    __slots__ = ("call", "calls", "wait_ms")
    class CallsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _witness_pb2.CosignRequest
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_witness_pb2.CosignRequest, _Mapping]] = ...) -> None: ...
    CALL_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    call: _witness_pb2.CosignRequest
    calls: _containers.MessageMap[str, _witness_pb2.CosignRequest]
    wait_ms: int
    def __init__(self, call: _Optional[_Union[_witness_pb2.CosignRequest, _Mapping]] = ..., calls: _Optional[_Mapping[str, _witness_pb2.CosignRequest]] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class WitnessResponse(_message.Message):
    __slots__ = ("replies", "silent")
    class RepliesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _witness_pb2.CosignResponse
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_witness_pb2.CosignResponse, _Mapping]] = ...) -> None: ...
    REPLIES_FIELD_NUMBER: _ClassVar[int]
    SILENT_FIELD_NUMBER: _ClassVar[int]
    replies: _containers.MessageMap[str, _witness_pb2.CosignResponse]
    silent: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, replies: _Optional[_Mapping[str, _witness_pb2.CosignResponse]] = ..., silent: _Optional[_Iterable[str]] = ...) -> None: ...

class PublishRequest(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: _values_pb2.Envelope
    def __init__(self, document: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ...) -> None: ...

class PublishResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class FetchRequest(_message.Message):
    __slots__ = ("cursor",)
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    def __init__(self, cursor: _Optional[int] = ...) -> None: ...

class FetchResponse(_message.Message):
    __slots__ = ("documents", "cursor", "now")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[_values_pb2.Envelope]
    cursor: int
    now: int
    def __init__(self, documents: _Optional[_Iterable[_Union[_values_pb2.Envelope, _Mapping]]] = ..., cursor: _Optional[int] = ..., now: _Optional[int] = ...) -> None: ...

class EnrolRequest(_message.Message):
    __slots__ = ("enrolment",)
    ENROLMENT_FIELD_NUMBER: _ClassVar[int]
    enrolment: _values_pb2.Envelope
    def __init__(self, enrolment: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ...) -> None: ...

class EnrolResponse(_message.Message):
    __slots__ = ("state", "issuer", "root")
    STATE_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    state: str
    issuer: str
    root: str
    def __init__(self, state: _Optional[str] = ..., issuer: _Optional[str] = ..., root: _Optional[str] = ...) -> None: ...

class PendingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PendingResponse(_message.Message):
    __slots__ = ("enrolments",)
    ENROLMENTS_FIELD_NUMBER: _ClassVar[int]
    enrolments: _containers.RepeatedCompositeFieldContainer[_values_pb2.Envelope]
    def __init__(self, enrolments: _Optional[_Iterable[_Union[_values_pb2.Envelope, _Mapping]]] = ...) -> None: ...

class WelcomeRequest(_message.Message):
    __slots__ = ("enrolment", "issuer", "root")
    ENROLMENT_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    enrolment: str
    issuer: str
    root: str
    def __init__(self, enrolment: _Optional[str] = ..., issuer: _Optional[str] = ..., root: _Optional[str] = ...) -> None: ...

class WelcomeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
