package io.coral.agent.capture;

/// How capturing fares.
///
/// @param state `ok`, `off` or `failed`
/// @param tier of the kernel side, empty when there is none
/// @param reason why it is not `ok`, empty otherwise
public record CaptureState(String state, String tier, String reason) {}
