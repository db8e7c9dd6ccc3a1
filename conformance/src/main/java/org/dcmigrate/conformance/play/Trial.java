package org.dcmigrate.conformance.play;

import io.grpc.MethodDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.dcmigrate.protocol.pages.PageDigest;

/** One run of one case: the target, the migrations begun, and what was said. */
public final class Trial {
  private final Target target;
  private final TestGuest guest;
  private final Transcript transcript = new Transcript();
  private final List<TestMigration> migrations = new ArrayList<>();
  private final List<TargetMigration> moving = new ArrayList<>();

  public Trial(Target target, TestGuest guest) {
    this.target = target;
    this.guest = guest;
    target.stage().ifPresent(stage -> stage.begin(transcript));
  }

  /** All that the tester plays to a source; only for cases of that role. */
  public Stage stage() {
    return target
        .stage()
        .orElseThrow(() -> new IllegalStateException("the tester plays the source only"));
  }

  /** A migration of which the target is the source, that has not begun yet. */
  public TargetMigration moving() {
    TargetMigration migration = new TargetMigration(this, stage());
    moving.add(migration);
    return migration;
  }

  /** The peer under test. */
  public Target target() {
    return target;
  }

  /** The tester's votes as source; only for cases that commit. */
  public Votes votes() {
    return target.votes();
  }

  /** The guest that is moved. */
  public TestGuest guest() {
    return guest;
  }

  /** What was said. */
  public Transcript transcript() {
    return transcript;
  }

  /** A new migration that nobody knows yet. */
  public TestMigration migration() {
    return migration(PageDigest.Algorithm.CRC64);
  }

  /** A new migration with this kind of digest. */
  public TestMigration migration(PageDigest.Algorithm algorithm) {
    TestMigration migration = new TestMigration(this, algorithm);
    migrations.add(migration);
    return migration;
  }

  /** A new migration in state RECEIVING, which the case takes for granted. */
  public TestMigration receiving() {
    TestMigration migration = migration();
    given("Open and metadata are accepted", migration::receiving);
    return migration;
  }

  /** Does what the case takes for granted: if it fails, the case is inconclusive. */
  public void given(String what, Runnable step) {
    givenValue(
        what,
        () -> {
          step.run();
          return true;
        });
  }

  /** As {@link #given(String, Runnable)}, with a value. */
  public <T> T givenValue(String what, Supplier<T> step) {
    try {
      return step.get();
    } catch (CheckFailed failed) {
      throw new Inconclusive("taken for granted: " + what, failed);
    }
  }

  /**
   * Makes sure that a refusal changed nothing: does again, or looks at, what worked before. If it
   * fails, so does the case.
   */
  public void unchanged(String what, Runnable step) {
    try {
      step.run();
    } catch (CheckFailed failed) {
      throw new CheckFailed(
          "after the refusal, " + what + ": " + failed.what(), failed.expected(), failed.actual());
    }
  }

  /** Begins a call. */
  public <Q, A> Conversation<Q, A> begin(MethodDescriptor<Q, A> method) {
    return target.begin(method, transcript);
  }

  /** Makes a call with one message. */
  public <Q, A> Answer<A> call(MethodDescriptor<Q, A> method, Q message) {
    return call(method, List.of(message));
  }

  /** Makes a call with these messages. */
  public <Q, A> Answer<A> call(MethodDescriptor<Q, A> method, List<? extends Q> messages) {
    return target.call(method, messages, transcript);
  }

  /** Has the target forget what the case left there; tells what stays all the same. */
  public List<String> cleanUp() {
    target.stage().ifPresent(Stage::calm);
    return Stream.concat(
            migrations.stream().map(TestMigration::cleanUp),
            moving.stream().map(TargetMigration::cleanUp))
        .flatMap(Optional::stream)
        .toList();
  }
}
