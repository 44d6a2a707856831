/// Kafka's protocol, classic and flexible versions.
///
/// [io.coral.protocol.kafka.KafkaParser] pairs requests and responses by their number;
/// [io.coral.protocol.kafka.Api] knows what is asked and where in a message its topic, its group
/// and its errors are.
@NullMarked
package io.coral.protocol.kafka;

import org.jspecify.annotations.NullMarked;
