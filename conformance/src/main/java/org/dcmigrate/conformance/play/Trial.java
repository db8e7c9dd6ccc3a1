package org.dcmigrate.conformance.play;

import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.codec.http2.Http2Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.transport.Security;

/** One run of one case: the target, the migrations begun, and what was said. */
public final class Trial {
  private final Target target;
  private final TestGuest guest;
  private final Transcript transcript = new Transcript();
  private final List<Supplier<Optional<String>>> afterwards = new ArrayList<>();
  private Optional<Power> power = Optional.empty();

  public Trial(Target target, TestGuest guest) {
    this.target = target;
    this.guest = guest;
    target.stage().begin(transcript);
  }

  /** All that the tester plays to a source; only for cases of that role. */
  public Stage stage() {
    target.stage().requireAll();
    return target.stage();
  }

  /** The means to kill the target and to start it again. */
  public Power power() {
    Power over = Power.over(this, target.stage().adapter(), target.channels());
    power = Optional.of(over);
    return over;
  }

  /** The migration of a guest, which came to the target before, on to another peer. */
  public TargetMigration movingOn(TestMigration come) {
    TargetMigration migration = new TargetMigration(this, stage(), come.guestName());
    come.left();
    afterwards(migration::cleanUp);
    given("the target reaches all peers", migration::requirePeers);
    return migration;
  }

  /** What the target says of itself. */
  public Declared declared() {
    return target.stage().declared();
  }

  /** A migration of which the target is the source, that has not begun yet. */
  public TargetMigration moving() {
    TargetMigration migration = new TargetMigration(this, stage());
    afterwards(migration::cleanUp);
    given("the target reaches all peers", migration::requirePeers);
    return migration;
  }

  /** The peer under test. */
  public Target target() {
    return target;
  }

  /** The tester's votes as source. */
  public Votes votes() {
    return target.stage().first().votes();
  }

  /** The votes of another peer, which is a witness. */
  public Votes secondVotes() {
    return target.stage().second().votes();
  }

  /** The tester as a new destination. */
  public RelayTarget relays() {
    return target.stage().first().relays();
  }

  /** Has the tester listen in the other peer's place, with its own certificate. */
  public RelayTarget impostor() {
    requireTls("without it nothing shows who listens");
    target.stage().second().replacedBy(target.stage().first());
    return target.stage().second().relays();
  }

  /** Makes sure that the target is reached over TLS. */
  public void requireTls(String why) {
    if (!(target.access().security() instanceof Security.MutualTls)) {
      throw new NotApplicable("needs TLS: " + why);
    }
  }

  /** To be done when the case is over; gives what stays at the target, if anything. */
  void afterwards(Supplier<Optional<String>> cleaning) {
    afterwards.add(cleaning);
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
    afterwards(migration::cleanUp);
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

  /**
   * Makes a call that is for operators, where the tester is one and the target serves them, as a
   * source does.
   */
  public <Q, A> Answer<A> operators(MethodDescriptor<Q, A> method, Q message) {
    Answer<A> answer = call(method, message);
    if (answer.ending().infos().stream()
        .anyMatch(info -> info.getReason().equals(Reason.IDENTITY_NOT_ADMITTED.name()))) {
      throw new NotApplicable("the tester is no operator of the target");
    }
    if (answer.ending().status().getCode() == Status.Code.UNIMPLEMENTED
        && !target.stage().declared().source()) {
      throw new NotApplicable("the target serves no " + method.getServiceName());
    }
    return answer;
  }

  /** Makes a call with one message as somebody else. */
  public <Q, A> Answer<A> callAs(PeerId other, MethodDescriptor<Q, A> method, Q message) {
    transcript.note(String.valueOf(method.getBareMethodName()), "as " + other);
    return target
        .begin(target.access().as(other), method, transcript)
        .send(message)
        .halfClose()
        .rest();
  }

  /** A connection beneath gRPC. */
  public RawConnection raw() {
    return raw(settings -> {});
  }

  /** A connection beneath gRPC, with settings of its own. */
  public RawConnection raw(Consumer<Http2Settings> settings) {
    return target.access().raw(target.timeout(), settings);
  }

  /** Begins a call on a way of its own. */
  public <Q, A> Conversation<Q, A> beginOver(Access.Way way, MethodDescriptor<Q, A> method) {
    return target.begin(way.channel(), method, transcript);
  }

  /** Makes a call on a way of its own, which is closed then. */
  public <Q, A> Answer<A> callOver(Access.Way way, MethodDescriptor<Q, A> method, Q message) {
    try (way) {
      return target.begin(way.channel(), method, transcript).send(message).halfClose().rest();
    }
  }

  /** Makes a call without saying who makes it. */
  public <Q, A> Answer<A> callNameless(MethodDescriptor<Q, A> method, Q message) {
    return target
        .begin(target.access().nameless(), method, transcript)
        .send(message)
        .halfClose()
        .rest();
  }

  /** Makes a call as whoever this is. */
  public <Q, A> Answer<A> callClaiming(String name, MethodDescriptor<Q, A> method, Q message) {
    Metadata headers = new Metadata();
    headers.put(CallerIdentity.CLAIMED, name);
    return target
        .begin(
            ClientInterceptors.intercept(
                target.access().nameless(), MetadataUtils.newAttachHeadersInterceptor(headers)),
            method,
            transcript)
        .send(message)
        .halfClose()
        .rest();
  }

  /** Begins a call on another channel. */
  public <Q, A> Conversation<Q, A> beginAs(PeerId other, MethodDescriptor<Q, A> method) {
    return target.begin(target.access().as(other), method, transcript);
  }

  /** Has the target forget what the case left there; tells what stays all the same. */
  public List<String> cleanUp() {
    target.stage().calm();
    power.ifPresent(Power::leaveOn);
    return afterwards.reversed().stream().map(Trial::cleaned).flatMap(Optional::stream).toList();
  }

  /** One thing that stays keeps no other from going. */
  private static Optional<String> cleaned(Supplier<Optional<String>> cleaning) {
    try {
      return cleaning.get();
    } catch (CheckFailed failed) {
      return Optional.of("cleaning up: " + failed.what() + ": " + failed.actual());
    }
  }
}
