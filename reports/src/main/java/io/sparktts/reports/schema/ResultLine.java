package io.sparktts.reports.schema;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** One line of a result file; its {@code type} field says which kind. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Environment.class, name = "environment"),
    @JsonSubTypes.Type(value = Row.class, name = "row")
})
public sealed interface ResultLine permits Environment, Row {}
