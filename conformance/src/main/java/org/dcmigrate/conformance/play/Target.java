package org.dcmigrate.conformance.play;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.PeerId;

/** The peer under test, as it is called. */
public final class Target {
  private static final int STEPS_PER_CALL = 4;

  private final Channel channel;
  private final PeerId self;
  private final Duration timeout;
  private final Optional<Votes> votes;
  private final Optional<Stage> stage;

  /**
   * A peer under test.
   *
   * @param self the tester's identity, which the target has among its configured peers
   * @param timeout for each answer
   * @param votes the tester's own votes, where the target can ask for them
   */
  public Target(Channel channel, PeerId self, Duration timeout, Optional<Votes> votes) {
    this(channel, self, timeout, votes, Optional.empty());
  }

  private Target(
      Channel channel,
      PeerId self,
      Duration timeout,
      Optional<Votes> votes,
      Optional<Stage> stage) {
    this.channel = channel;
    this.self = self;
    this.timeout = timeout;
    this.votes = votes;
    this.stage = stage;
  }

  /**
   * A peer under test to which the tester plays all other roles as well.
   *
   * @param self the tester's identity as source, that of the first played peer
   */
  public static Target on(Stage stage, Channel channel, PeerId self, Duration timeout) {
    return new Target(
        channel, self, timeout, Optional.of(stage.first().votes()), Optional.of(stage));
  }

  /** All that the tester plays beside the source; none where it plays the source only. */
  public Optional<Stage> stage() {
    return stage;
  }

  /** The tester's votes as source; only for cases that commit. */
  public Votes votes() {
    return votes.orElseThrow(() -> new IllegalStateException("the tester does not listen"));
  }

  /** The tester's identity. */
  public PeerId self() {
    return self;
  }

  /** How long the target may take for an answer. */
  public Duration timeout() {
    return timeout;
  }

  /** Begins a call. */
  <Q, A> Conversation<Q, A> begin(MethodDescriptor<Q, A> method, Transcript transcript) {
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(
            timeout.toMillis() * STEPS_PER_CALL, TimeUnit.MILLISECONDS);
    return new Conversation<>(channel.newCall(method, options), method, transcript, timeout);
  }

  /** Makes a call with these messages and waits for its end. */
  <Q, A> Answer<A> call(
      MethodDescriptor<Q, A> method, List<? extends Q> messages, Transcript transcript) {
    Conversation<Q, A> conversation = begin(method, transcript);
    messages.forEach(conversation::send);
    return conversation.halfClose().rest();
  }
}
