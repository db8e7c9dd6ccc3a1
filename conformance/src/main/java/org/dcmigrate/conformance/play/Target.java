package org.dcmigrate.conformance.play;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Transport;

/** The peer under test: as it is called, and what it can call. */
public final class Target implements AutoCloseable {
  private final ManagedChannel channel;
  private final PeerId self;
  private final Duration timeout;
  private final Stage stage;
  private final Access access;

  private Target(Cast called, ManagedChannel channel, Stage stage, Duration timeout) {
    this.channel = channel;
    this.stage = stage;
    this.timeout = timeout;
    self = called.first().identity();
    access = new Access(called);
  }

  /**
   * The way to a target; all that the tester plays to it listens from here on.
   *
   * @param timeout for each answer
   */
  public static Target open(Cast cast, Duration timeout) throws DcmException {
    return open(cast, cast, timeout, Stage.UNTOUCHED);
  }

  /**
   * The same with something in front of the target.
   *
   * @param front endpoint of what the tester calls in its place, without TLS
   * @param between what stands between the target and the peers that it calls
   */
  public static Target behind(String front, Cast cast, Duration timeout, ServerInterceptor between)
      throws DcmException {
    return open(cast.through(front), cast, timeout, between);
  }

  private static Target open(Cast called, Cast played, Duration timeout, ServerInterceptor between)
      throws DcmException {
    ManagedChannel channel =
        Transport.channel(called.endpoint(), called.first().security(), called.target());
    try {
      return new Target(called, channel, Stage.open(called, played, timeout, between), timeout);
    } catch (DcmException failed) {
      channel.shutdownNow();
      throw failed;
    }
  }

  /** All that the tester plays. */
  public Stage stage() {
    return stage;
  }

  /** Other ways to it than the tester's own channel. */
  public Access access() {
    return access;
  }

  /** All channels that stay open to it. */
  List<ManagedChannel> channels() {
    return Stream.concat(Stream.of(channel), stage.channels()).toList();
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
    return new Caller(over, timeout).begin(method, transcript);
  }

  /** Makes a call with these messages and waits for its end. */
  <Q, A> Answer<A> call(
      MethodDescriptor<Q, A> method, List<? extends Q> messages, Transcript transcript) {
    return new Caller(channel, timeout).call(method, messages, transcript);
  }

  @Override
  public void close() {
    stage.close();
    access.close();
    channel.shutdownNow();
  }
}
