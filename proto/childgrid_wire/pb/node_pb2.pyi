from childgrid_wire.pb import values_pb2 as _values_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MatchRequest(_message.Message):
    __slots__ = ("query", "attestation", "approvals", "content")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    query: _values_pb2.Envelope
    attestation: _values_pb2.Envelope
    approvals: _containers.RepeatedCompositeFieldContainer[_values_pb2.Envelope]
    content: _values_pb2.Sealed
    def __init__(self, query: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., attestation: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ..., approvals: _Optional[_Iterable[_Union[_values_pb2.Envelope, _Mapping]]] = ..., content: _Optional[_Union[_values_pb2.Sealed, _Mapping]] = ...) -> None: ...

class MatchResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _values_pb2.Envelope
    def __init__(self, answer: _Optional[_Union[_values_pb2.Envelope, _Mapping]] = ...) -> None: ...
