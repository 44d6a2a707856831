package io.coral.model;

/// An exchange with the names under which it is counted.
///
/// @param service of the process
/// @param route learned or configured pattern of the path
/// @param peer the other end: an address, of a called one with its port
public record RoutedExchange(Exchange exchange, String service, String route, String peer) {}
