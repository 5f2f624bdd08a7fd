// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.LongForm;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * A contract that runs in several settings is divided among them in the short form: a test class, or the nested classes of it, runs one
 * half of the tests, by their names. In the long form each setting has all.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(Share.Condition.class)
public @interface Share {
  /** Returns which half, 0 or 1. */
  int value();

  /** Says whether a test belongs to the share of its class. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      Optional<Method> test = context.getTestMethod();
      if (LongForm.isOn() || test.isEmpty()) {
        return ConditionEvaluationResult.enabled("all");
      }
      boolean isOurs = (test.get().getName().hashCode() & 1) == share(context);
      return isOurs
          ? ConditionEvaluationResult.enabled("in the share")
          : ConditionEvaluationResult.disabled("left to another setting");
    }

    /** Returns that of the innermost class that has one. */
    private static int share(ExtensionContext test) {
      for (ExtensionContext each = test; ; each = each.getParent().orElseThrow()) {
        Optional<Share> found =
            AnnotationSupport.findAnnotation(each.getTestClass().orElseThrow(), Share.class);
        if (found.isPresent()) {
          return found.get().value();
        }
      }
    }
  }
}
