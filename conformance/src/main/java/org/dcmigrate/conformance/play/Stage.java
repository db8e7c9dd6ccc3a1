package org.dcmigrate.conformance.play;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Transport;

/**
 * All that the tester plays beside the source: up to three peers that the target can reach, and its
 * operator. They stay for all cases; each case finds them as new.
 */
public final class Stage implements AutoCloseable {
  /** Nothing stands between the target and the played peers. */
  public static final ServerInterceptor UNTOUCHED = Stage::untouched;

  private final List<ManagedChannel> channels = new ArrayList<>();
  private final Course course = new Course();
  private final Emissions emissions = new Emissions();
  private final Cast cast;
  private final ServerInterceptor outermost;
  private Optional<PlayedPeer> first = Optional.empty();
  private Optional<PlayedPeer> second = Optional.empty();
  private Optional<PlayedPeer> third = Optional.empty();
  private Optional<Caller> operator = Optional.empty();

  private Stage(Cast cast, ServerInterceptor outermost) {
    this.cast = cast;
    this.outermost = outermost;
  }

  /** Lets all listen who can be reached. */
  static Stage open(Cast called, Cast played, Duration timeout, ServerInterceptor outermost)
      throws DcmException {
    Stage stage = new Stage(played, outermost);
    try {
      if (called.operator().isPresent()) {
        ManagedChannel operating =
            Transport.channel(called.endpoint(), called.operator().get(), called.target());
        stage.channels.add(operating);
        stage.operator = Optional.of(new Caller(operating, timeout));
      }
      stage.first = stage.play(Optional.of(played.first()));
      stage.second = stage.play(played.second());
      stage.third = stage.play(played.witness());
    } catch (DcmException failed) {
      stage.close();
      throw failed;
    }
    return stage;
  }

  private Optional<PlayedPeer> play(Optional<Persona> persona) throws DcmException {
    if (persona.flatMap(Persona::listen).isEmpty()) {
      return Optional.empty();
    }
    ManagedChannel channel =
        Transport.channel(cast.endpoint(), persona.get().security(), cast.target());
    channels.add(channel);
    PlayedPeer peer =
        new PlayedPeer(persona.get(), course, emissions, channel, this::peer, outermost);
    peer.listen();
    return Optional.of(peer);
  }

  private static <Q, A> ServerCall.Listener<Q> untouched(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return next.startCall(call, headers);
  }

  /** The ways to the target. */
  Stream<ManagedChannel> channels() {
    return channels.stream();
  }

  private Stream<PlayedPeer> peers() {
    return Stream.of(first, second, third).flatMap(Optional::stream);
  }

  /** Source of the tester's own migrations; the destination to which a source is to migrate. */
  public PlayedPeer first() {
    return first.orElseThrow(
        () -> new NotApplicable("the target has to reach the tester: --listen"));
  }

  /** Witness of the tester's own migrations; the destination to which a source is redirected. */
  public PlayedPeer second() {
    return second.orElseThrow(
        () -> new NotApplicable("the target has to reach a second peer: --second-listen"));
  }

  /** The witness of a source, and its third destination. */
  public PlayedPeer third() {
    return third.orElseThrow(
        () -> new NotApplicable("the target has to reach a third peer: a file as --target"));
  }

  /** The target, as its operator calls it. */
  public Caller operator() {
    return operator.orElseThrow(
        () -> new NotApplicable("needs an operator of the target: a file as --target"));
  }

  /** Makes sure that nobody is missing whom a source has to do with. */
  void requireAll() {
    if (Stream.of(first, second, third, operator).anyMatch(Optional::isEmpty)) {
      throw new NotApplicable(
          "a source has to do with three peers and an operator: a file as --target");
    }
  }

  /** What came to the played peers. */
  public Course course() {
    return course;
  }

  /** What the source has sent. */
  public Emissions emissions() {
    return emissions;
  }

  /** The adapter of the target, where it has one. */
  public Optional<Adapter> adapter() {
    return cast.adapter();
  }

  /** After which the target regards a peer as lost that does not answer. */
  public Duration silence() {
    return cast.silence();
  }

  /** What the target says of itself. */
  public Declared declared() {
    return cast.declared();
  }

  /** Who the target is. */
  public PeerId target() {
    return cast.target();
  }

  /** All of them as new. */
  void begin(Transcript transcript) {
    peers().forEach(PlayedPeer::reset);
    emissions.clear();
    course.begin(transcript);
  }

  /** All of them do what is right, so that what is under way comes to an end. */
  void calm() {
    peers().forEach(PlayedPeer::calm);
  }

  private Optional<PlayedPeer> peer(PeerId identity) {
    return peers().filter(each -> each.identity().equals(identity)).findFirst();
  }

  @Override
  public void close() {
    peers().forEach(PlayedPeer::close);
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
