package io.coral;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.vertx.core.VerticleBase;

/// The promises of ARCHITECTURE.md about packages that a machine can keep.
@AnalyzeClasses(packages = "io.coral", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule dependencies_pointDown =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("io.coral..")
          .layer("main")
          .definedBy("io.coral", "io.coral.launch..")
          .layer("agent")
          .definedBy("io.coral.agent..")
          .layer("colony")
          .definedBy("io.coral.colony..")
          .layer("cli")
          .definedBy("io.coral.cli..", "io.coral.demo..")
          .layer("decode")
          .definedBy("io.coral.decode..")
          .layer("answer")
          .definedBy("io.coral.answer..")
          .layer("edges")
          .definedBy("io.coral.storage..", "io.coral.rpc..", "io.coral.otlp..")
          .layer("base")
          .definedBy("io.coral.bus..", "io.coral.config..", "io.coral.telemetry..")
          .layer("thinking")
          .definedBy("io.coral.protocol..", "io.coral.histogram..", "io.coral.calls..")
          .layer("model")
          .definedBy("io.coral.model..")
          .whereLayer("main")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("agent")
          .mayOnlyBeAccessedByLayers("main")
          .whereLayer("colony")
          .mayOnlyBeAccessedByLayers("main")
          .whereLayer("cli")
          .mayOnlyBeAccessedByLayers("main")
          .whereLayer("decode")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("answer")
          .mayOnlyBeAccessedByLayers("agent", "colony")
          .whereLayer("edges")
          .mayOnlyBeAccessedByLayers("main", "agent", "colony", "answer")
          .whereLayer("base")
          .mayOnlyBeAccessedByLayers("main", "agent", "colony", "answer", "edges")
          .whereLayer("thinking")
          .mayOnlyBeAccessedByLayers("agent", "colony", "decode", "cli", "answer", "edges", "base");

  @ArchTest
  static final ArchRule model_knowsOnlyTheJdk =
      classes()
          .that()
          .resideInAPackage("io.coral.model..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("io.coral.model..", "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule thinking_knowsOnlyTheJdkAndTheModel =
      classes()
          .that()
          .resideInAnyPackage("io.coral.protocol..", "io.coral.histogram..", "io.coral.calls..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.coral.protocol..",
              "io.coral.histogram..",
              "io.coral.calls..",
              "io.coral.model..",
              "java..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule sql_livesInStorage =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.coral.storage..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.sql..", "org.duckdb..");

  @ArchTest
  static final ArchRule nativeCalls_liveInTheKernelPackage =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.coral.agent.kernel..", "io.coral.launch..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("com.sun.jna..");

  @ArchTest
  static final ArchRule childProcesses_liveInTheBeylaPackage =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.coral.agent.beyla..", "io.coral.demo..")
          .should()
          .dependOnClassesThat()
          .areAssignableTo(ProcessBuilder.class);

  @ArchTest
  static final ArchRule commands_loadNoServerClass =
      noClasses()
          .that()
          .resideInAnyPackage("io.coral.cli..", "io.coral.demo..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.vertx..",
              "io.netty..",
              "com.google.protobuf..",
              "org.duckdb..",
              "com.sun.jna..",
              "org.slf4j..");

  @ArchTest
  static final ArchRule generatedMessages_stayAtTheEdges =
      noClasses()
          .that(
              not(
                  resideInAnyPackage(
                      "io.coral.rpc..",
                      "io.coral.answer..",
                      "io.coral.agent",
                      "io.coral.agent.api..",
                      "io.coral.agent.registration..",
                      "io.coral.colony..")))
          .should()
          .dependOnClassesThat(resideInAPackage("io.coral.rpc.*.v1.."));

  /// Discovery's interface and the kernel's library are rooms that siblings may enter.
  @ArchTest
  static final ArchRule featuresOfTheAgent_meetInModelAndBus =
      slices()
          .matching("io.coral.agent.(*)..")
          .should()
          .notDependOnEachOther()
          .ignoreDependency(
              resideInAPackage("io.coral.agent.api.."),
              resideInAPackage("io.coral.agent.discovery.."))
          .ignoreDependency(
              resideInAPackage("io.coral.agent.capture.."),
              resideInAPackage("io.coral.agent.kernel.."));

  /// The registry is what poll and api ask; the cluster is what tells them which agents are theirs.
  @ArchTest
  static final ArchRule featuresOfTheColony_meetInRegistryAndCluster =
      slices()
          .matching("io.coral.colony.(*)..")
          .should()
          .notDependOnEachOther()
          .ignoreDependency(
              resideInAPackage("io.coral.colony.."),
              resideInAnyPackage("io.coral.colony.registry..", "io.coral.colony.cluster.."));

  @ArchTest
  static final ArchRule verticles_areFinalAndNamedSo =
      classes()
          .that()
          .areAssignableTo(VerticleBase.class)
          .should()
          .haveSimpleNameEndingWith("Verticle")
          .andShould()
          .haveModifier(com.tngtech.archunit.core.domain.JavaModifier.FINAL);
}
