package org.dcmigrate.conformance.play;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Somebody who calls the peer under test, and waits so long for each answer. */
public record Caller(Channel channel, Duration timeout) {
  private static final int STEPS_PER_CALL = 4;

  /** Begins a call. */
  public <Q, A> Conversation<Q, A> begin(MethodDescriptor<Q, A> method, Transcript transcript) {
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(
            timeout.toMillis() * STEPS_PER_CALL, TimeUnit.MILLISECONDS);
    return new Conversation<>(channel.newCall(method, options), method, transcript, timeout);
  }

  /** Makes a call with these messages and waits for its end. */
  public <Q, A> Answer<A> call(
      MethodDescriptor<Q, A> method, List<? extends Q> messages, Transcript transcript) {
    Conversation<Q, A> conversation = begin(method, transcript);
    messages.forEach(conversation::send);
    return conversation.halfClose().rest();
  }
}
