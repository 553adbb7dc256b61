from childgrid_wire.pb import values_pb2 as _values_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CosignRequest(_message.Message):
    __slots__ = ("log", "old_size", "proof", "checkpoint", "nonce")
    LOG_FIELD_NUMBER: _ClassVar[int]
    OLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    log: str
    old_size: int
    proof: _containers.RepeatedScalarFieldContainer[str]
    checkpoint: str
    nonce: str
    def __init__(self, log: _Optional[str] = ..., old_size: _Optional[int] = ..., proof: _Optional[_Iterable[str]] = ..., checkpoint: _Optional[str] = ..., nonce: _Optional[str] = ...) -> None: ...

class CosignResponse(_message.Message):
    __slots__ = ("cosignature", "size", "freshness", "refusal", "latest")
    COSIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    LATEST_FIELD_NUMBER: _ClassVar[int]
    cosignature: str
    size: int
    freshness: _values_pb2.Envelope
    refusal: str
    latest: str
    def __init__(self, cosignature: _Optional[str] = ..., size: _Optional[int] = ..., freshness: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., refusal: _Optional[str] = ..., latest: _Optional[str] = ...) -> None: ...
