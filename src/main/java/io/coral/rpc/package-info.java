/// One port, every protocol: a service is described once and answers gRPC, gRPC-Web and Connect
/// (JSON and protobuf), unary and server streaming; plain HTTP routes live beside it.
///
/// [io.coral.rpc.RpcService] describes, [io.coral.rpc.RpcServer] serves on an event loop,
/// [io.coral.rpc.RpcClient] asks. The generated messages are in
/// `io.coral.rpc.{mesh,agent,colony}.v1`; nothing outside the edges (api, poll, registration) uses
/// them.
@NullMarked
package io.coral.rpc;

import org.jspecify.annotations.NullMarked;
