package org.dcmigrate.conformance.play;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One call, message by message. Every wait ends: a peer that does not answer in time gets the call
 * cancelled, and the call counts as ended in silence. For one thread.
 */
public final class Conversation<Q, A> {
  private final ClientCall<Q, A> call;
  private final String name;
  private final Transcript transcript;
  private final Duration timeout;
  private final BlockingQueue<Event<A>> events = new LinkedBlockingQueue<>();
  private Optional<Ending> ended = Optional.empty();
  private boolean closed;

  private sealed interface Event<A> {
    record Came<A>(A message) implements Event<A> {}

    record Ended<A>(Ending ending) implements Event<A> {}
  }

  Conversation(
      ClientCall<Q, A> call,
      MethodDescriptor<Q, A> method,
      Transcript transcript,
      Duration timeout) {
    this.call = call;
    this.name = String.valueOf(method.getBareMethodName());
    this.transcript = transcript;
    this.timeout = timeout;
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(A message) {
            transcript.received(name, message);
            events.add(new Event.Came<>(message));
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            Ending ending = Ending.of(status, trailers);
            transcript.ended(name, ending);
            events.add(new Event.Ended<>(ending));
          }
        },
        new Metadata());
    call.request(Integer.MAX_VALUE);
  }

  /** Sends a message; does nothing once this side is closed. */
  public Conversation<Q, A> send(Q message) {
    if (!closed) {
      transcript.sent(name, message);
      call.sendMessage(message);
    }
    return this;
  }

  /** Ends this side. */
  public Conversation<Q, A> halfClose() {
    if (!closed) {
      closed = true;
      transcript.note(name, "half-closed");
      call.halfClose();
    }
    return this;
  }

  /** Breaks the call off, as a source does that goes away. */
  public void cancel() {
    closed = true;
    transcript.note(name, "cancelled");
    call.cancel("the tester breaks the call off", null);
  }

  /** Waits for the next message; none comes where the call ends or stays silent instead. */
  public Optional<A> next() {
    if (ended.isPresent()) {
      return Optional.empty();
    }
    Optional<Event<A>> event;
    try {
      event = Optional.ofNullable(events.poll(timeout.toNanos(), TimeUnit.NANOSECONDS));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the tester was interrupted", interrupted);
    }
    if (event.isEmpty()) {
      cancel();
      ended = Optional.of(Ending.silent(timeout));
      return Optional.empty();
    }
    return switch (event.get()) {
      case Event.Came<A> came -> Optional.of(came.message());
      case Event.Ended<A> end -> {
        closed = true;
        ended = Optional.of(end.ending());
        yield Optional.empty();
      }
    };
  }

  /** Whether anything has come that was not taken yet, be it the end. */
  public boolean hasAnswer() {
    return ended.isPresent() || !events.isEmpty();
  }

  /** Waits for the end; messages that come before it are part of the answer. */
  public Answer<A> rest() {
    List<A> messages = new ArrayList<>();
    for (Optional<A> message = next(); message.isPresent(); message = next()) {
      messages.add(message.get());
    }
    return new Answer<>(messages, ended.orElseThrow());
  }

  /** How the call ended; only after {@link #next} gave nothing. */
  public Ending ending() {
    return ended.orElseThrow();
  }
}
