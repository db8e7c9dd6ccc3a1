package org.dcmigrate.ctl;

import java.io.PrintWriter;
import java.util.Map;

/**
 * What a command sees of the world.
 *
 * @param variables environment variables
 * @param out for data
 * @param err for progress and complaints
 * @param animated whether a line on {@code err} may be drawn over
 * @param connector makes channels
 */
record Environment(
    Map<String, String> variables,
    PrintWriter out,
    PrintWriter err,
    boolean animated,
    Connector connector) {
  Environment {
    variables = Map.copyOf(variables);
  }
}
