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
  private final Access access;

  /**
   * A peer under test.
   *
   * @param self the tester's identity, which the target has among its configured peers
   * @param timeout for each answer
   * @param votes the tester's own votes, where the target can ask for them
   * @param access other ways to it
   */
  public Target(
      Channel channel, PeerId self, Duration timeout, Optional<Votes> votes, Access access) {
    this.channel = channel;
    this.self = self;
    this.timeout = timeout;
    this.votes = votes;
    this.access = access;
  }

  /** Other ways to it than the tester's own channel. */
  public Access access() {
    return access;
  }

  /** The tester as a new destination. */
  public RelayTarget relays() {
    return votes
        .map(Votes::relays)
        .orElseThrow(() -> new NotApplicable("the target has to reach the tester: --listen"));
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
    return begin(channel, method, transcript);
  }

  /** Begins a call on another channel. */
  <Q, A> Conversation<Q, A> begin(
      Channel over, MethodDescriptor<Q, A> method, Transcript transcript) {
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(
            timeout.toMillis() * STEPS_PER_CALL, TimeUnit.MILLISECONDS);
    return new Conversation<>(over.newCall(method, options), method, transcript, timeout);
  }

  /** Makes a call with these messages and waits for its end. */
  <Q, A> Answer<A> call(
      MethodDescriptor<Q, A> method, List<? extends Q> messages, Transcript transcript) {
    Conversation<Q, A> conversation = begin(method, transcript);
    messages.forEach(conversation::send);
    return conversation.halfClose().rest();
  }
}
