package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.SourceInput.WitnessAppointed;
import org.dcmigrate.protocol.machine.SourceInput.WitnessRefused;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Witnesses;

/**
 * How the source finds a witness for an epoch: it asks whom the operator named, then the old
 * destinations, one after the other until one agrees. This goes on beside the transfer, so that the
 * switchover does not wait for it; an attempt whose grant comes first has no witness.
 */
final class SourceWitness {
  private SourceWitness() {}

  /** What changed of the course, and what to do; the role's state is the caller's. */
  record Change(Course course, List<SourceOutput> outputs) {
    SourceStep in(Function<Course, SourceState> state) {
      return new SourceStep(state.apply(course), outputs);
    }
  }

  /** Begins for a new epoch. */
  static Change begin(Course course, long epoch, PeerId destination) {
    Set<PeerId> candidates = new LinkedHashSet<>();
    course.witnesses().named().ifPresent(candidates::add);
    candidates.addAll(course.holders());
    candidates.remove(destination);
    candidates.remove(course.self());
    return ask(course.with(course.witnesses().with(List.copyOf(candidates))), epoch, destination);
  }

  private static Change ask(Course course, long epoch, PeerId destination) {
    if (course.witnesses().candidates().isEmpty()) {
      return new Change(course, List.of());
    }
    PeerId peer = course.witnesses().candidates().getFirst();
    return new Change(
        course.with(course.witnesses().asking(peer)),
        List.of(
            new SourceOutput.Persist(new SourceRecord.WitnessAsked(epoch, peer)),
            new SourceOutput.Appoint(epoch, peer, destination)));
  }

  /** The answer of a candidate, where the input is one. */
  static Optional<Change> step(Course course, long epoch, PeerId destination, SourceInput input) {
    return switch (input) {
      case WitnessAppointed appointed
          when appointed.epoch() == epoch && isAsked(course, appointed.peer()) ->
          Optional.of(new Change(course.with(course.witnesses().agreed()), List.of()));
      case WitnessRefused refused
          when refused.epoch() == epoch && isAsked(course, refused.peer()) -> {
        List<PeerId> candidates = new ArrayList<>(course.witnesses().candidates());
        candidates.removeFirst();
        yield Optional.of(
            ask(course.with(course.witnesses().with(candidates)), epoch, destination));
      }
      default -> Optional.empty();
    };
  }

  private static boolean isAsked(Course course, PeerId peer) {
    Witnesses now = course.witnesses();
    return !now.appointed()
        && !now.candidates().isEmpty()
        && now.candidates().getFirst().equals(peer);
  }

  /** Tells all that were ever asked who owns the guest. */
  static SourceOutput[] dismissals(Course course, long epoch, Choice owner) {
    return course.witnesses().asked().stream()
        .map(peer -> new SourceOutput.Dismiss(epoch, peer, owner))
        .toArray(SourceOutput[]::new);
  }
}
