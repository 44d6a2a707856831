package io.coral.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import io.coral.rpc.agent.v1.AgentProto;
import io.coral.rpc.colony.v1.ClusterProto;
import io.coral.rpc.colony.v1.ColonyProto;
import io.coral.rpc.mesh.v1.Ebpf;
import io.coral.rpc.mesh.v1.MeshProto;
import io.coral.rpc.mesh.v1.Query;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// Agents, nodes and commands of different versions talk to each other: what was said on the wire
/// once keeps its number, type and name (Connect and the web page go by names). Something new is
/// added to the list; a line of it is never changed or taken away.
final class WireContractTest {
  private static final Path CONTRACT = Path.of("src/test/resources/rpc/wire-contract.txt");
  private static final List<FileDescriptor> FILES =
      List.of(
          AgentProto.getDescriptor(),
          ClusterProto.getDescriptor(),
          ColonyProto.getDescriptor(),
          Ebpf.getDescriptor(),
          MeshProto.getDescriptor(),
          Query.getDescriptor());

  @Test
  void whatWasSaidOnTheWire_staysAsItIs() throws Exception {
    Set<String> now = lines();
    List<String> promised = Files.readAllLines(CONTRACT);
    assertThat(now).as("changed or taken away").containsAll(promised);
    assertThat(promised).as("new on the wire, to be added to " + CONTRACT).containsAll(now);
  }

  private static Set<String> lines() {
    Set<String> lines = new TreeSet<>();
    for (FileDescriptor file : FILES) {
      file.getMessageTypes().forEach(message -> add(message, lines));
      file.getEnumTypes().forEach(each -> add(each, lines));
      for (ServiceDescriptor service : file.getServices()) {
        for (MethodDescriptor method : service.getMethods()) {
          lines.add(
              "rpc %s %s -> %s%s"
                  .formatted(
                      method.getFullName(),
                      method.getInputType().getFullName(),
                      method.isServerStreaming() ? "stream " : "",
                      method.getOutputType().getFullName()));
        }
      }
    }
    return lines;
  }

  private static void add(Descriptor message, Set<String> lines) {
    for (FieldDescriptor field : message.getFields()) {
      lines.add(
          "%s = %d %s%s"
              .formatted(
                  field.getFullName(),
                  field.getNumber(),
                  field.isRepeated() ? "repeated " : "",
                  type(field)));
    }
    message.getNestedTypes().forEach(nested -> add(nested, lines));
    message.getEnumTypes().forEach(each -> add(each, lines));
  }

  private static String type(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case MESSAGE -> field.getMessageType().getFullName();
      case ENUM -> field.getEnumType().getFullName();
      default -> field.getType().name().toLowerCase(Locale.ROOT);
    };
  }

  private static void add(EnumDescriptor each, Set<String> lines) {
    each.getValues()
        .forEach(value -> lines.add("%s = %d".formatted(value.getFullName(), value.getNumber())));
  }
}
