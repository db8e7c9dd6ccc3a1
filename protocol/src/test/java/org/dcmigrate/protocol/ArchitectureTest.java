package org.dcmigrate.protocol;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.haveModifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.security.SecureRandom;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;

/** What the pure packages may use: neither clock nor chance, neither thread nor socket nor file. */
@AnalyzeClasses(
    packages = "org.dcmigrate.protocol",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String MACHINE = "..protocol.machine..";
  private static final String DECISION = "..protocol.decision..";
  private static final String PAGES = "..protocol.pages..";
  private static final String RATE = "..protocol.rate..";

  private static final DescribedPredicate<JavaClass> THREADS =
      assignableTo(Thread.class)
          .or(resideInAPackage("java.util.concurrent.."))
          .and(DescribedPredicate.not(assignableTo(LongAdder.class)))
          .as("threads and what coordinates them");

  private static final DescribedPredicate<JavaClass> GENERATED =
      resideInAPackage("org.dcmigrate.v1..").as("generated classes");

  @ArchTest
  static final ArchRule NO_CLOCK =
      noClasses()
          .that()
          .resideInAnyPackage(MACHINE, DECISION, PAGES, RATE)
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .dependOnClassesThat()
          .resideInAPackage("java.time..")
          .because("time is an argument");

  @ArchTest
  static final ArchRule NO_CHANCE =
      noClasses()
          .that()
          .resideInAnyPackage(MACHINE, DECISION, PAGES, RATE)
          .should()
          .dependOnClassesThat(
              assignableTo(Random.class)
                  .or(assignableTo(SplittableRandom.class))
                  .or(resideInAPackage("java.util.random.."))
                  .or(assignableTo(SecureRandom.class)))
          .orShould()
          .callMethod(UUID.class, "randomUUID")
          .orShould()
          .callMethod(Math.class, "random")
          .because("entropy is an argument");

  @ArchTest
  static final ArchRule NO_THREADS =
      noClasses()
          .that()
          .resideInAnyPackage(MACHINE, DECISION, PAGES, RATE)
          .should()
          .dependOnClassesThat(THREADS);

  @ArchTest
  static final ArchRule NO_LOCKS =
      noMethods()
          .that()
          .areDeclaredInClassesThat()
          .resideInAnyPackage(MACHINE, DECISION, PAGES, RATE)
          .should(haveModifier(JavaModifier.SYNCHRONIZED));

  @ArchTest
  static final ArchRule NO_INPUT_OR_OUTPUT =
      noClasses()
          .that()
          .resideInAnyPackage(MACHINE, DECISION, PAGES, RATE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.io..", "java.nio.file..", "java.nio.channels..", "java.net..", "io.netty..")
          .because("effects are values");

  @ArchTest
  static final ArchRule NO_LOG =
      noClasses()
          .that()
          .resideInAnyPackage(MACHINE, DECISION, PAGES, RATE)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.slf4j..");

  @ArchTest
  static final ArchRule GENERATED_ONLY_IN_WIRE =
      noClasses()
          .that()
          .resideOutsideOfPackage("..protocol.wire..")
          .should()
          .dependOnClassesThat(GENERATED);

  @ArchTest
  static final ArchRule MACHINES_KNOW_VALUES_ONLY =
      classes()
          .that()
          .resideInAnyPackage(MACHINE, DECISION)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "org.dcmigrate.protocol",
              MACHINE,
              DECISION,
              "java.lang..",
              "java.util..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule ONLY_REASONS_KNOW_STATUS_CODES =
      noClasses()
          .that()
          .resideInAPackage("org.dcmigrate.protocol")
          .and()
          .areNotAssignableTo(Reason.class)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.grpc..");
}
