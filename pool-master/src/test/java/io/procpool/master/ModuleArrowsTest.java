// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between modules go one way, and the heavy libraries stay where they belong. */
@AnalyzeClasses(packages = "io.procpool", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleArrowsTest {
  private static final String[] API = {
    "io.procpool",
    "io.procpool.spi..",
    "io.procpool.job..",
    "io.procpool.shared..",
    "io.procpool.channel..",
    "io.procpool.sync..",
    "io.procpool.manager.."
  };

  @ArchTest
  static final ArchRule api_dependsOnNothingOfOurs = noClasses()
      .that()
      .resideInAnyPackage(API)
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage(
          "io.procpool.ipc..",
          "io.procpool.worker..",
          "io.procpool.master..",
          "io.netty..",
          "com.google..",
          "com.sun.jna..",
          "org.slf4j..");

  @ArchTest
  static final ArchRule ipc_dependsOnTheApiOnly = noClasses()
      .that()
      .resideInAPackage("io.procpool.ipc..")
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage(
          "io.procpool.worker..", "io.procpool.master..", "io.netty..", "org.slf4j..");

  @ArchTest
  static final ArchRule worker_loadsNeitherMasterNorNetty = noClasses()
      .that()
      .resideInAPackage("io.procpool.worker..")
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage("io.procpool.master..", "io.netty..");

  @ArchTest
  static final ArchRule worker_loadsNoLogging = noClasses()
      .that()
      .resideInAPackage("io.procpool.worker")
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage("io.procpool.worker.slf4j..", "org.slf4j..");

  /** Programs without Micrometer on their class path never meet it. */
  @ArchTest
  static final ArchRule metrics_areKnownToNobody = noClasses()
      .that()
      .resideOutsideOfPackage("io.procpool.metrics")
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage("io.procpool.metrics..", "io.micrometer..");

  @ArchTest
  static final ArchRule metrics_useTheApiOnly = noClasses()
      .that()
      .resideInAPackage("io.procpool.metrics")
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage("io.procpool.ipc..", "io.procpool.master..", "io.netty..");

  @ArchTest
  static final ArchRule backends_doNotKnowTheCommand = noClasses()
      .that()
      .resideInAnyPackage(
          "io.procpool.master.pool..", "io.procpool.master.process..", "io.procpool.master.local..")
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage("io.procpool.master.cli..", "picocli..");

  @ArchTest
  static final ArchRule sharedLayer_doesNotKnowTheBackends = noClasses()
      .that()
      .resideInAPackage("io.procpool.master.pool..")
      .should()
      .dependOnClassesThat()
      .resideInAnyPackage(
          "io.procpool.master.process..", "io.procpool.master.local..", "io.netty..");
}
