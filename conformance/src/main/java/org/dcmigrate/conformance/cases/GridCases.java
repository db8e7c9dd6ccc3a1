package org.dcmigrate.conformance.cases;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;

/**
 * Every request that a holder has to refuse in a state that the tester can bring it to: a case for
 * each such cell of the table of the specification.
 */
public final class GridCases {
  private static final String REFUSE = "refuse ";
  private static final int COLUMNS = 5;

  private GridCases() {}

  /** All of them, in the order of the table. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (String[] row : table()) {
      Optional<GridState> state = GridState.named(row[0]);
      Optional<GridRequest> request = GridRequest.named(row[1]);
      if (state.isPresent() && request.isPresent() && row[3].startsWith(REFUSE)) {
        Reason reason = Reason.valueOf(row[3].substring(REFUSE.length()));
        cases.add(cell(row, state.get(), request.get(), reason));
      }
    }
    return cases;
  }

  private static Case cell(String[] row, GridState state, GridRequest request, Reason reason) {
    return new Case(
        "grid/holder/" + slug(row[0]) + "-" + slug(row[1]),
        "in state %s, %s is refused with %s".formatted(row[0], row[1], reason),
        Stream.of("DCM-STA-002", "DCM-ERR-006", row[4]).distinct().toList(),
        state.commits(),
        trial -> run(trial, state, request, reason));
  }

  private static void run(Trial trial, GridState state, GridRequest request, Reason reason) {
    GridState.Reached reached = state.reach(trial, request.announced(trial));
    long epoch = reached.migration().epoch();
    request.refused(trial, reached, reason);
    reached.migration().epoch(epoch);
    trial.unchanged("the state is as before", reached.as());
  }

  /** As it stands in a name: {@code RelayAsked of a higher epoch} is relay-asked-of-a-... */
  private static String slug(String text) {
    return text.replaceAll("([a-z])([A-Z])", "$1-$2")
        .replaceAll("[^A-Za-z]+", "-")
        .toLowerCase(Locale.ROOT);
  }

  private static List<String[]> table() {
    try (InputStream in = GridCases.class.getResourceAsStream("holder.tsv")) {
      if (in == null) {
        throw new IllegalStateException("this build has no table of transitions");
      }
      List<String[]> rows =
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .skip(1)
              .map(line -> line.split("\t", -1))
              .toList();
      if (rows.isEmpty() || rows.stream().anyMatch(row -> row.length != COLUMNS)) {
        throw new IllegalStateException("holder.tsv: " + Arrays.toString(rows.getFirst()));
      }
      return rows;
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
