package org.dcmigrate.peer.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState.Result;

/**
 * Records of the machines as one line of text each: words separated by spaces, the sentence of a
 * failure last. Identities have no spaces, see {@link PeerId}.
 *
 * <pre>
 * ATTEMPT epoch to holder...     WITNESS epoch peer
 * GRANT epoch to digest witness  DECIDED epoch choice
 * COMPLETED owner                CANCELLED               FAILED reason sentence
 * OPENED epoch source            PREPARED epoch digest   OWNED epoch digest
 * GRANTED epoch digest source destination witness
 * RETIRED epoch newDestination   LEFT epoch digest       FORGOT epoch
 * </pre>
 *
 * A witness that there is not is "-". A line ends with its line feed, which nothing else in it can
 * be: so no part of a line passes for a whole one.
 */
final class RecordText {
  private static final String END = "\n";

  private RecordText() {}

  static String of(SourceRecord record) {
    return words(record) + END;
  }

  private static String words(SourceRecord record) {
    return switch (record) {
      case SourceRecord.AttemptOpened attempt -> {
        List<String> words = new ArrayList<>();
        words.add("ATTEMPT " + attempt.epoch() + " " + attempt.to());
        attempt.holders().forEach(holder -> words.add(holder.uri()));
        yield String.join(" ", words);
      }
      case SourceRecord.Granted grant ->
          "GRANT %d %s %s %s"
              .formatted(
                  grant.epoch(), grant.to(), hex(grant.memoryDigest()), witness(grant.witness()));
      case SourceRecord.WitnessAsked asked -> "WITNESS " + asked.epoch() + " " + asked.peer();
      case SourceRecord.Decided decided -> "DECIDED " + decided.epoch() + " " + decided.choice();
      case SourceRecord.Ended ended ->
          switch (ended.result()) {
            case Result.Completed completed -> "COMPLETED " + completed.owner();
            case Result.Cancelled cancelled -> "CANCELLED";
            case Result.Failed failed ->
                "FAILED "
                    + failed.failure().reason()
                    + " "
                    + failed.failure().sentence().replace('\n', ' ');
          };
    };
  }

  static SourceRecord source(String line) throws DcmException {
    String text = whole(line);
    String[] words = text.split(" ", -1);
    try {
      return switch (words[0]) {
        case "ATTEMPT" ->
            new SourceRecord.AttemptOpened(
                Long.parseLong(words[1]), new PeerId(words[2]), peers(words, 3));
        case "GRANT" ->
            new SourceRecord.Granted(
                Long.parseLong(words[1]),
                new PeerId(words[2]),
                Long.parseUnsignedLong(words[3], 16),
                witness(words[4]));
        case "WITNESS" ->
            new SourceRecord.WitnessAsked(Long.parseLong(words[1]), new PeerId(words[2]));
        case "DECIDED" ->
            new SourceRecord.Decided(Long.parseLong(words[1]), Choice.valueOf(words[2]));
        case "COMPLETED" -> new SourceRecord.Ended(new Result.Completed(new PeerId(words[1])));
        case "CANCELLED" -> new SourceRecord.Ended(new Result.Cancelled());
        case "FAILED" ->
            new SourceRecord.Ended(
                new Result.Failed(
                    new Failure(
                        Reason.valueOf(words[1]),
                        text.substring("FAILED ".length() + words[1].length() + 1))));
        default -> throw damaged(text);
      };
    } catch (IllegalArgumentException | IndexOutOfBoundsException malformed) {
      throw damaged(text);
    }
  }

  static String of(HolderRecord record) {
    return words(record) + END;
  }

  private static String words(HolderRecord record) {
    return switch (record) {
      case HolderRecord.OpenedAs opened -> "OPENED " + opened.epoch() + " " + opened.source();
      case HolderRecord.PreparedWith prepared ->
          "PREPARED " + prepared.epoch() + " " + hex(prepared.memoryDigest());
      case HolderRecord.GrantedWith granted ->
          "GRANTED %d %s %s %s %s"
              .formatted(
                  granted.epoch(),
                  hex(granted.memoryDigest()),
                  granted.electorate().source(),
                  granted.electorate().destination(),
                  witness(granted.electorate().witness()));
      case HolderRecord.OwnedWith owned ->
          "OWNED " + owned.epoch() + " " + hex(owned.memoryDigest());
      case HolderRecord.GuestLeft left -> "LEFT " + left.epoch() + " " + hex(left.memoryDigest());
      case HolderRecord.Retired retired ->
          "RETIRED " + retired.epoch() + " " + retired.newDestination();
      case HolderRecord.Forgot forgot -> "FORGOT " + forgot.epoch();
    };
  }

  static HolderRecord holder(String line) throws DcmException {
    String text = whole(line);
    String[] words = text.split(" ", -1);
    try {
      long epoch = Long.parseLong(words[1]);
      return switch (words[0]) {
        case "OPENED" -> new HolderRecord.OpenedAs(epoch, new PeerId(words[2]));
        case "PREPARED" ->
            new HolderRecord.PreparedWith(epoch, Long.parseUnsignedLong(words[2], 16));
        case "GRANTED" ->
            new HolderRecord.GrantedWith(
                epoch,
                Long.parseUnsignedLong(words[2], 16),
                new Electorate(new PeerId(words[3]), new PeerId(words[4]), witness(words[5])));
        case "OWNED" -> new HolderRecord.OwnedWith(epoch, Long.parseUnsignedLong(words[2], 16));
        case "LEFT" -> new HolderRecord.GuestLeft(epoch, Long.parseUnsignedLong(words[2], 16));
        case "RETIRED" -> new HolderRecord.Retired(epoch, new PeerId(words[2]));
        case "FORGOT" -> new HolderRecord.Forgot(epoch);
        default -> throw damaged(text);
      };
    } catch (IllegalArgumentException | IndexOutOfBoundsException malformed) {
      throw damaged(text);
    }
  }

  private static String whole(String line) throws DcmException {
    if (!line.endsWith(END)) {
      throw damaged(line);
    }
    return line.substring(0, line.length() - END.length());
  }

  private static List<PeerId> peers(String[] words, int from) {
    List<PeerId> peers = new ArrayList<>();
    for (int i = from; i < words.length; i++) {
      peers.add(new PeerId(words[i]));
    }
    return peers;
  }

  private static String witness(Optional<PeerId> witness) {
    return witness.map(PeerId::uri).orElse("-");
  }

  private static Optional<PeerId> witness(String word) {
    return word.equals("-") ? Optional.empty() : Optional.of(new PeerId(word));
  }

  private static String hex(long digest) {
    return Long.toHexString(digest);
  }

  private static DcmException damaged(String text) {
    return new DcmException(
        Reason.INTERNAL, "the journal holds a record that cannot be read: " + Text.quote(text));
  }
}
